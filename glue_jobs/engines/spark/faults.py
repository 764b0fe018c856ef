"""Which errors of Spark may be of the files it read."""

import re
from typing import Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from cartlake.errors import TerminalError

_NO_FAULT_OF_FILES: Final = re.compile(
    r"OutOfMemoryError|No space left on device|ExecutorLostFailure|FetchFailed|Connection (?:reset|refused)"
    r"|SocketTimeout|SocketException|UnknownHostException|Unable to execute HTTP request|SdkClientException"
    r"|AccessDenied|Access Denied|status code: 403|Status Code: (?:403|5\d\d)|SlowDown|Throttling|ExpiredToken"
    r"|SparkContext was shut down|cancelled",
    re.IGNORECASE,
)
"""What Spark says when memory, a disk, the network, a right or S3 was at fault."""


def is_fault_of_files(error: Exception) -> bool:
    """Return whether reading failed because of what is in files, as far as the error tells."""
    if isinstance(error, TerminalError):
        return True
    return isinstance(error, PySparkException | Py4JJavaError) and not _NO_FAULT_OF_FILES.search(str(error))
