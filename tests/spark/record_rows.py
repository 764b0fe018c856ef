"""A contract whose CSV files are filled down and unpivoted, and generated files of it in shops' manner."""

import random

from cartlake import contracts

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
name: baskets
version: 1.0.0
schema:
  - name: baskets
    customProperties:
      - {property: cartlake.versionColumn, value: placed_at}
      - {property: cartlake.eventTime, value: placed_at}
      - property: cartlake.fillDown
        value: {within: order_name, columns: [order_id, placed_at, note, extras], position: line}
      - property: cartlake.unpivot
        value:
          columns: {item: "Item {n} name", price: ["Item {n} price", "Item {n} cost"]}
          position: item_number
    properties:
      - {name: order_id, logicalType: string, primaryKey: true}
      - {name: line, logicalType: integer, primaryKey: true}
      - {name: item_number, logicalType: integer, physicalType: int, primaryKey: true}
      - {name: order_name, physicalName: Order Name, logicalType: string, required: true}
      - {name: placed_at, physicalName: Placed at, logicalType: timestamp, required: true}
      - {name: note, logicalType: string}
      - {name: extras, physicalType: "array<struct<sku:string>>"}
      - {name: item, logicalType: string, required: true}
      - {name: price, logicalType: number, physicalType: "decimal(8,2)"}
      - name: shop
        logicalType: string
        customProperties: [{property: cartlake.constant, value: 'Shop "A", it''s \\ one'}]
customProperties:
  - {property: cartlake.unknownColumns, value: WORD}
  - {property: cartlake.file, value: {formats: [csv, jsonl], names: loose, maxLineBytes: 4000}}
"""
HEADER = [
    "Order Name",
    "order_id",
    "Placed at",
    "note",
    "extras",
    *(f"Item {n} {p}" for n in (2, 1, 11) for p in ("name", "price")),
]
TEXTS = ["", "", "", "a", "two\nlines", "two\r\nlines", 'an "inch"', "a,b", " ", "a\rb", "é👟", "NULL", "#1", "'"]
TIMES = ["", "2026-01-15 10:22:30 -0500", "2026-01-15T15:22:30Z", "15.01.2026"]
EXTRAS = ["", "", '[{"sku":"a"}]', '[{"sku":1.50,"size":2}]', "[", "[]"]
PRICES = ["", "", "1.50", "1.505", "x", "-3"]
ODD = ["#9,too,few", '#1,"never closed', "#1" + ",x" * 12, '#1,"a"b,,,,,,,,,', "   ", ""]
"""Lines that are no records of the header, or none at all."""


def baskets(folder, unknown):
    """The contract, with this word about unknown columns."""
    path = folder / unknown / "baskets.odcs.yaml"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(CONTRACT.replace("WORD", unknown))
    return contracts.parse(path)


def csv_file(seed, *, records=120, broken=True, header=HEADER):
    """Groups of records, in which following rows leave most cells empty; with `broken`, also lines that are none."""
    chosen, lines, order = random.Random(seed), [",".join(header)], 0
    while len(lines) < records:
        order = order + chosen.choice([0, 1, 1, 1])  # the same order may come again below itself
        for row in range(chosen.randrange(1, 6)):
            lines.append(",".join(map(_cell, _record(chosen, order, first=row == 0))))
            if broken and chosen.random() < 0.1:
                lines.append(chosen.choice(ODD))
    return (chosen.choice(["\n", "\r\n"]).join(lines) + "\n").encode()


def _record(chosen, order, *, first):
    name = "" if chosen.random() < 0.03 else f"#{order}"
    if first and chosen.random() < 0.9:
        cells = [name, f"{order}", chosen.choice(TIMES[1:]), chosen.choice(TEXTS), chosen.choice(EXTRAS)]
    else:
        cells = [
            name,
            "",
            chosen.choice(["", "", "", *TIMES]),
            chosen.choice(["", "", *TEXTS]),
            chosen.choice(EXTRAS[:4]),
        ]
    items = [text for _ in range(3) for text in (chosen.choice(TEXTS), chosen.choice(PRICES))]
    if chosen.random() < 0.06:
        items = [""] * len(items)
    return [*cells, *items]


def _cell(text):
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
