// Parquet files as Arrow streams, because DuckDB's build for browsers reads no Parquet without an extension that no
// package of npm holds. Values are copied as they are stored, so that decimals, whole numbers and times stay exact.
import {
  Bool, DateDay, Decimal, Field, Float64, Int32, Int64, RecordBatch, Schema, Struct, Table, TimestampMicrosecond, Utf8,
  decompress, makeData, parquetMetadata, parquetRead, tableToIPC,
} from '../vendor/duckdb-1.32.0.min.js';

const compressors = {ZSTD: (input, length) => decompress(input, new Uint8Array(length))};

// Returns {snapshotId, rows, stream}. Throws an Error that names a column whose type is not known.
export async function arrowOf(file) {
  const metadata = parquetMetadata(file);
  const [, ...elements] = metadata.schema;
  const rows = Number(metadata.num_rows);
  const columns = elements.map((element) => ({element, ...target(element, rows)}));
  const byName = Object.fromEntries(columns.map((column) => [column.element.name, column]));
  if (rows > 0) {
    // Without their logical types, numbers are read as they are stored, and texts as bytes.
    const stored = {...metadata, schema: metadata.schema.map(({converted_type: _c, logical_type: _l, ...rest}) => rest)};
    await parquetRead({file, metadata: stored, utf8: false, compressors,
      onChunk: ({columnName, columnData, rowStart}) => byName[columnName].add(columnData, rowStart)});
  }
  const schema = new Schema(columns.map(({element, type}) => new Field(element.name, type, true)));
  const data = makeData({type: new Struct(schema.fields), length: rows, nullCount: 0, children: columns.map((column) => column.data())});
  const found = metadata.key_value_metadata?.find(({key}) => key === 'snapshot_id');
  return {snapshotId: found?.value ?? null, rows, stream: tableToIPC(new Table([new RecordBatch(schema, data)]), 'stream')};
}

function target(element, rows) {
  switch (`${element.type} ${element.converted_type ?? ''}`.trim().replace(/ U?INT_\d+$/, '')) {
    case 'BOOLEAN': return bits(rows);
    case 'INT32': return fixed(new Int32(), Int32Array, rows);
    case 'INT32 DATE': return fixed(new DateDay(), Int32Array, rows);
    case 'INT64': return fixed(new Int64(), BigInt64Array, rows);
    case 'INT64 TIMESTAMP_MICROS': return fixed(new TimestampMicrosecond(), BigInt64Array, rows);
    case 'FLOAT': case 'DOUBLE': return fixed(new Float64(), Float64Array, rows);
    case 'INT32 DECIMAL': case 'INT64 DECIMAL': case 'FIXED_LEN_BYTE_ARRAY DECIMAL': return decimals(element, rows);
    case 'BYTE_ARRAY UTF8': return texts(rows);
    default: throw new Error(`Column ${element.name} is ${element.type} ${element.converted_type ?? ''}, which this page cannot read.`);
  }
}

// Which rows have a value, as Arrow has it: one bit for each row.
function present(rows) {
  const nullBitmap = new Uint8Array(Math.ceil(rows / 8));
  let nullCount = rows;
  return {
    set(row) { nullBitmap[row >> 3] |= 1 << (row & 7); nullCount -= 1; },
    parts: () => ({length: rows, nullCount, nullBitmap}),
  };
}

function column(type, rows, put, parts) {
  const known = present(rows);
  return {
    type,
    add(values, start) {
      for (let place = 0; place < values.length; place++) {
        const value = values[place];
        if (value != null) { put(start + place, value); known.set(start + place); }
      }
    },
    data: () => makeData({type, ...known.parts(), ...parts()}),
  };
}

function fixed(type, Kind, rows) {
  const data = new Kind(rows);
  return column(type, rows, (row, value) => { data[row] = value; }, () => ({data}));
}

function bits(rows) {
  const data = new Uint8Array(Math.ceil(rows / 8));
  return column(new Bool(), rows, (row, value) => { if (value) data[row >> 3] |= 1 << (row & 7); }, () => ({data}));
}

// Whole numbers of 128 bits, little-endian; Parquet has them as 32 or 64 bits, or as bytes in the other order.
function decimals({scale = 0, precision}, rows) {
  const halves = new BigInt64Array(rows * 2);
  const put = (row, value) => {
    if (value instanceof Uint8Array) {
      const whole = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), value[0] > 127 ? -1n : 0n);
      halves[2 * row] = BigInt.asIntN(64, whole);
      halves[2 * row + 1] = BigInt.asIntN(64, whole >> 64n);
    } else {
      const whole = BigInt(value);
      halves[2 * row] = whole;
      halves[2 * row + 1] = whole < 0n ? -1n : 0n;
    }
  };
  return column(new Decimal(scale, precision, 128), rows, put, () => ({data: new Uint32Array(halves.buffer)}));
}

function texts(rows) {
  const values = new Array(rows);
  const parts = () => {
    const valueOffsets = new Int32Array(rows + 1);
    for (let row = 0; row < rows; row++) valueOffsets[row + 1] = valueOffsets[row] + (values[row]?.length ?? 0);
    const data = new Uint8Array(valueOffsets[rows]);
    for (let row = 0; row < rows; row++) if (values[row]) data.set(values[row], valueOffsets[row]);
    return {valueOffsets, data};
  };
  return column(new Utf8(), rows, (row, value) => { values[row] = value; }, parts);
}
