// Tiles: small files that the last act of a refresh writes. Each says of which version of which tables it is made.

export const TILES = {
  sales: ['sales'],
  funnel: ['funnel'],
  customers: ['segments', 'cohorts', 'lifetime_value'],
  products: ['categories', 'products'],
  trust: ['freshness', 'runs', 'quarantine', 'quality'],
};

// The page that an address such as #/sales?grain=week names; the first one for any other.
export function pageOf(hash) {
  const [name] = hash.replace(/^#\/?/, '').split('?');
  return Object.hasOwn(TILES, name) ? name : 'sales';
}

export class TileError extends Error {
  constructor(kind, message) { super(message); this.kind = kind; } // forbidden, missing or failed
}

const loaded = new Map();
let loadedAt = Date.now();

// Forget all tiles if the first of them was loaded longer ago than this; says whether it did.
export function forgetOld(millis) {
  if (Date.now() - loadedAt < millis) return false;
  loaded.clear();
  loadedAt = Date.now();
  return true;
}

export function load(name) {
  if (!loaded.has(name)) {
    const tile = read(name);
    tile.catch(() => loaded.delete(name)); // so that "try again" does
    loaded.set(name, tile);
  }
  return loaded.get(name);
}

async function read(name) {
  let answer;
  try {
    answer = await fetch(`tiles/${name}.json`);
  } catch (error) {
    throw new TileError('failed', `tiles/${name}.json could not be fetched: ${error.message}.`);
  }
  if (answer.status === 401 || answer.status === 403) throw new TileError('forbidden', `tiles/${name}.json: ${answer.status}.`);
  if (answer.status === 404) throw new TileError('missing', `tiles/${name}.json is not there.`);
  if (!answer.ok) throw new TileError('failed', `tiles/${name}.json: the server answered ${answer.status}.`);
  try {
    return await answer.json();
  } catch {
    throw new TileError('failed', `tiles/${name}.json is not readable: it is no JSON.`);
  }
}

export function rowsOf(tile) {
  const names = Object.keys(tile.columns);
  return Array.from({length: tile.rows}, (_, place) => Object.fromEntries(names.map((name) => [name, tile.columns[name][place]])));
}

// Sums of measures by a key, in the order in which keys appear. Whole numbers below 2^53 add exactly.
export function sums(rows, keyOf, measures) {
  const found = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!found.has(key)) found.set(key, Object.fromEntries(measures.map((name) => [name, 0])));
    const into = found.get(key);
    for (const name of measures) into[name] += row[name] ?? 0;
  }
  return found;
}

export const total = (rows, measures) => sums(rows, () => '', measures).get('') ?? Object.fromEntries(measures.map((name) => [name, 0]));
export const values = (rows, column) => [...new Set(rows.map((row) => row[column]))].sort();
export const largest = (rows, column) => rows.reduce((most, row) => row[column] > most ? row[column] : most, rows[0]?.[column]);

// Sources older than their contract promises, by the clock of the reader.
export function lateSources(tile, now = Date.now()) {
  return tile.sources.filter((source) => source.promised_hours != null && source.written_at != null
    && now - Date.parse(source.written_at) > source.promised_hours * 3_600_000);
}
