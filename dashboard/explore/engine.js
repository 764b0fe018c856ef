// DuckDB in a worker of this page. It gets tables from the page, and reaches no file and no other server.
import {AsyncDuckDB, VoidLogger} from '../vendor/duckdb-1.32.0.min.js';
import {arrowOf} from './parquet.js';

const WASM = 'engine/duckdb-eh-1.32.0.wasm';
const WORKER = 'engine/duckdb-eh-1.32.0.worker.js';
const RESULT = '"main"."result of the page"';
const START_SECONDS = 120;
export const SHOWN = 1000;

// What follows cannot be changed by a query: extensions would come from another server.
const SETTINGS = [
  'set autoinstall_known_extensions = false', 'set autoload_known_extensions = false', 'set enable_external_access = false',
  'create schema curated', "set search_path = 'curated,main'", 'set lock_configuration = true',
];

export class EngineError extends Error {}

export const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

// DuckDB shows the line of a fault; the page puts one line before each query.
const said = (error) => error.message.replace(/\bLINE (\d+):/g, (_, line) => `LINE ${Math.max(1, line - 1)}:`);

// A query as `create table … as` takes it: statements about tables are queries only in brackets.
export function statement(sql) {
  const bare = sql.replace(/[;\s]+$/, '');
  const first = bare.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '').match(/^\w*/)[0].toLowerCase();
  return ['describe', 'desc', 'show', 'summarize'].includes(first) ? `from (${bare}\n)` : bare;
}

async function fetched(name, progress) {
  let answer, bytes = 0;
  try {
    answer = await fetch(name);
    if (!answer.ok) throw new EngineError((await answer.text()).slice(0, 1000) || `${name}: the server answered ${answer.status}.`);
    for (const reader = answer.body.getReader(); ;) {
      const {done, value} = await reader.read();
      if (done) return;
      progress(bytes += value.length);
    }
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError(`${name} could not be fetched: ${error.message}.`);
  }
}

// A worker that cannot read its code says so; one that cannot read the engine says nothing.
const failureOf = (worker) => new Promise((_, reject) => {
  worker.onerror = (event) => reject(new EngineError(`${WORKER} could not be run${event.message ? `: ${event.message}` : ''}.`));
  setTimeout(() => reject(new EngineError(`${WASM} did not start within ${START_SECONDS} seconds.`)), START_SECONDS * 1000);
});

export class Engine {
  // progress gets the bytes of the engine that have come so far. Throws EngineError where it cannot be had.
  static async start(progress) {
    await fetched(WASM, progress); // the worker then has it from the browser's cache, and would not say what is wrong
    const worker = new Worker(WORKER);
    try {
      const database = new AsyncDuckDB(new VoidLogger(), worker);
      await Promise.race([database.instantiate(new URL(WASM, document.baseURI).href), failureOf(worker)]);
      const connection = await database.connect();
      for (const sql of SETTINGS) await connection.query(sql);
      return new Engine(database, connection);
    } catch (error) {
      worker.terminate();
      throw error instanceof EngineError ? error : new EngineError(`This browser cannot run DuckDB: ${error.message}`);
    }
  }

  constructor(database, connection) {
    Object.assign(this, {database, connection, loaded: new Map()});
  }

  // Read a table of the index unless it is there; returns the id of the snapshot that its file is of.
  async load(table) {
    if (!this.loaded.has(table.table)) this.loaded.set(table.table, await this.#insert(table));
    return this.loaded.get(table.table);
  }

  async #insert(table) {
    const answer = await fetch(`tiles/explore/${table.file}`);
    if (!answer.ok) throw new Error(`tiles/explore/${table.file}: the server answered ${answer.status}.`);
    const {snapshotId, stream} = await arrowOf(await answer.arrayBuffer());
    const name = table.table.split('.').map(quoted).join('.');
    const values = table.columns.map((column) => `cast(${quoted(column.name)} as ${column.type}) as ${quoted(column.name)}`);
    await this.connection.query('drop table if exists "main"."file of the page"');
    await this.connection.insertArrowFromIPCStream(stream, {schema: 'main', name: 'file of the page', create: true});
    await this.connection.query(`create or replace table ${name} as select ${values.join(', ')} from "main"."file of the page"`);
    await this.connection.query('drop table "main"."file of the page"');
    return snapshotId;
  }

  // Run one query; returns {columns: [{name, type}], rows, count, millis}: rows are texts as DuckDB writes them, or null.
  // Throws an Error with DuckDB's message.
  async run(sql) {
    const started = performance.now();
    try {
      await this.connection.query(`drop table if exists ${RESULT}`);
      const prepared = await this.connection.prepare(`create table ${RESULT} as\n${statement(sql)}`);
      try { await prepared.query(); } finally { await prepared.close(); }
    } catch (error) {
      throw new Error(said(error));
    }
    const columns = (await this.connection.query(`describe ${RESULT}`)).toArray().map((row) => ({name: row.column_name, type: row.column_type}));
    const [{count}] = (await this.connection.query(`select count(*)::int as count from ${RESULT}`)).toArray();
    this.columns = columns;
    return {columns, rows: await this.rows(SHOWN), count, millis: performance.now() - started};
  }

  // The rows of the last result, all without a limit.
  async rows(limit) {
    const values = this.columns.map((column, place) => `cast(${quoted(column.name)} as varchar) as c${place}`);
    const found = await this.connection.query(`select ${values.join(', ')} from ${RESULT}${limit ? ` limit ${limit}` : ''}`);
    const vectors = this.columns.map((_, place) => found.getChildAt(place));
    return Array.from({length: found.numRows}, (_, row) => vectors.map((vector) => vector.get(row)));
  }

  stop() {
    this.database.terminate();
  }
}
