"""`python cartlake_run.py ADDRESS BUCKET TABLE [SECONDS]`: one sync of hubspot_contacts, as the function does it.

Its clock, which leases are measured by, is SECONDS ahead. The environment says which AWS it is.
"""

import sys
from datetime import datetime, timedelta

from cartlake.aws.clients import client
from cartlake.ledger import Ledger
from cartlake.times import utc_now
from sources.files import RawBucket
from sources.registry import SourceSettings, make
from sources.sync import Syncer

SOURCE = "hubspot_contacts"
SECRET = "lake/hubspot"  # its name  # pragma: allowlist secret


def main(address: str, bucket: str, table: str, seconds: str = "0") -> None:
    def now() -> datetime:
        return utc_now() + timedelta(seconds=int(seconds))

    source = make(SOURCE, {SOURCE: SourceSettings(url=address, secret=SECRET)})
    print(Syncer(Ledger(table, client("dynamodb")).sources, RawBucket(bucket), now=now).sync(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
