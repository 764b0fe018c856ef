"""The Glue catalog with errors that name the table, the metadata file and the next step when metadata is broken."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchPropertyException, ValidationError

from cartlake.tables.broken_metadata import METADATA_LOCATION, BrokenMetadataError

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from types_boto3_glue.type_defs import TableTypeDef


class LakeCatalog(GlueCatalog):
    """pyiceberg's Glue catalog, which raises BrokenMetadataError for metadata that cannot be read.

    pyiceberg reads Glue's answer in one private method, both when it loads a table and when it commits.
    """

    def _is_s3tables_database(self, database_name: str) -> bool:  # noqa: ARG002 - pyiceberg's signature
        """Answer without a request, for every commit asks: the lake's databases are none of S3 Tables."""
        return False

    def _convert_glue_to_iceberg(self, glue_table: TableTypeDef) -> Table:
        name = f"{glue_table.get('DatabaseName')}.{glue_table.get('Name')}"
        file = (glue_table.get("Parameters") or {}).get(METADATA_LOCATION)
        try:
            return super()._convert_glue_to_iceberg(glue_table)
        except FileNotFoundError as error:
            raise BrokenMetadataError(name, file, "is missing") from error
        except (ValidationError, UnicodeDecodeError, EOFError, zlib.error) as error:
            raise BrokenMetadataError(name, file, "is not intact: it is truncated or overwritten") from error
        # A crawler or a user removed the parameter by which pyiceberg recognises Iceberg tables.
        except NoSuchIcebergTableError as error:
            fault = "no longer says that it is an Iceberg table"
            raise BrokenMetadataError(name, None, fault) from error
        except NoSuchPropertyException as error:
            raise BrokenMetadataError(name, None, f"is incomplete: {error}") from error
