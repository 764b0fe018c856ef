"""What PyAthena makes of a table, as JSON: `python pyathena_client.py DATABASE STAGING`."""

import json
import os
import sys

import sqlalchemy as sa
from pyathena import connect
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

database, staging = sys.argv[1:]
place = {"s3_staging_dir": staging, "region_name": os.environ["AWS_REGION"], "schema_name": database}


def typed(rows):
    return [[f"{type(value).__name__}:{value}" for value in row] for row in rows]


with connect(**place) as connection:
    cursor = connection.cursor()
    plain = typed(cursor.execute("SELECT id, day, amount, at FROM orders ORDER BY id").fetchall())
    scanned = cursor.data_scanned_in_bytes
    bound = typed(cursor.execute("SELECT id FROM orders WHERE id = ?", ["2"], paramstyle="qmark").fetchall())
    by_name = connection.cursor(DictCursor).execute("SELECT id FROM orders WHERE id = 1").fetchall()
    frame = connection.cursor(PandasCursor).execute("SELECT * FROM orders ORDER BY id").as_pandas()
    unloaded = (
        connection.cursor(PandasCursor, unload=True).execute("SELECT id, amount FROM orders ORDER BY id").as_pandas()
    )

host = f"athena.{place['region_name']}.amazonaws.com:443"
engine = sa.create_engine(f"awsathena+rest://@{host}/{database}", connect_args=place)
with engine.connect() as connection:
    table = sa.Table("orders", sa.MetaData(schema=database), autoload_with=connection)
    reflected = {column.name: str(column.type) for column in table.columns}
    query = sa.select(sa.func.count()).select_from(table).where(table.c.amount > 15)
    counted = connection.execute(query).scalar()
    names = sa.inspect(connection).get_table_names(schema=database)

json.dump(
    {
        "plain": plain,
        "scanned": scanned,
        "bound": bound,
        "by_name": by_name,
        "frame": {name: str(kind) for name, kind in frame.dtypes.items()} | {"rows": len(frame)},
        "unloaded": unloaded.to_dict("list"),
        "reflected": reflected,
        "counted": counted,
        "names": names,
    },
    sys.stdout,
    default=str,
)
