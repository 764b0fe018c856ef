// The page Explore: SQL over files of the marts, answered by a DuckDB in this browser. No query leaves it.
import {lateSources, load, TileError, TILES} from '../data.js';
import {configure, format, timeZone, words} from '../format.js';
import {onTheme} from '../theme.js';
import {announce, card, csv, download, h, select, table} from '../view.js';
import {Engine, EngineError, SHOWN} from './engine.js';
import {EXAMPLES} from './examples.js';

const main = document.getElementById('main');
const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const ADVICE = {
  missing: ['Explore is not enabled', 'A refresh writes its files where dashboard.explore of module lake is true. Set it, apply, and load files or run: lake recompute curated.sales_daily'],
  forbidden: ['You may not see these tables', 'Your address or account has no access to them. Ask whoever runs the lake, then load the page again.'],
  failed: ['The tables could not be loaded', 'Check the connection, then try again.'],
  engine: ['The engine could not be loaded', 'Queries run in DuckDB, which this page fetches once. Then it stays in the browser.'],
};

let engine = null; // a promise of the one that runs queries
let index = null;

async function open() {
  main.dataset.state = 'loading';
  main.replaceChildren(heading(), h('div', {class: 'card wide skeleton tall', 'aria-hidden': 'true'}));
  try {
    const [tiles, found] = await Promise.all([load('index'), load('explore/index')]);
    index = found;
    configure(tiles);
    document.getElementById('foot').replaceChildren(
      h('p', {}, `${tiles.environment} · files written ${format.time(index.written_at)} by ${index.run_id}`),
      h('p', {}, `Amounts in ${tiles.currency} where a name ends in _reporting. Times in tables are UTC; times on this page are in ${timeZone()}.`));
    show();
    start();
  } catch (error) {
    problem(error instanceof TileError ? error.kind : 'failed', error, open);
  }
}

function heading() {
  return h('div', {class: 'heading'}, h('h1', {}, 'Explore'),
    h('p', {class: 'as-of'}, 'SQL over the marts, in the dialect of DuckDB. It is answered in this browser, without columns about people, and asks no Athena.'));
}

function problem(kind, error, again) {
  const [title, advice] = ADVICE[kind] ?? ADVICE.failed;
  main.dataset.state = kind;
  main.replaceChildren(heading(), h('section', {class: 'state', role: 'alert'}, h('h2', {}, title), h('p', {}, advice),
    h('p', {class: 'hint'}, error.message), h('button', {type: 'button', onclick: again}, 'Try again')));
}

// The parts of the page that change.
const parts = {};

function show() {
  const asked = new URLSearchParams(location.hash.slice(1)).get('sql');
  parts.sql = h('textarea', {id: 'sql', name: 'sql', rows: 9, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', 'aria-describedby': 'keys',
    onkeydown: (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } }});
  parts.sql.value = asked ?? EXAMPLES[0][1];
  parts.run = h('button', {type: 'button', onclick: run}, 'Run');
  parts.stop = h('button', {type: 'button', class: 'quiet', hidden: true, onclick: stop}, 'Stop');
  parts.said = h('p', {class: 'hint', id: 'said'});
  parts.result = h('div', {id: 'result'});
  const example = select('Example', 'example', [['', 'Choose'], ...EXAMPLES.map(([name], place) => [String(place), name])], '', (place) => {
    if (place !== '') { parts.sql.value = EXAMPLES[place][1]; parts.sql.focus(); }
  });
  const editor = card('Query', {tools: [example]},
    h('label', {for: 'sql', class: 'visually-hidden'}, 'SQL'), parts.sql,
    h('div', {class: 'tools run'}, parts.run, parts.stop, h('span', {class: 'hint', id: 'keys'}, 'Ctrl + Enter runs it. The address of the page then holds the query.')),
    parts.said);
  main.replaceChildren(heading(), ...late(), h('div', {class: 'explore'}, h('div', {}, editor, parts.result), tables()));
  main.dataset.state = 'ready';
}

// Files older than their contract promises, in one sentence.
function late() {
  const old = lateSources({sources: index.tables});
  return old.length === 0 ? [] : [h('p', {class: 'notice late', role: 'note'}, h('strong', {}, 'Older than promised: '),
    old.map((one) => `${one.table}, as of ${format.time(one.written_at)}`).join('; '), '.')];
}

function tables() {
  const rows = (one) => `${format.count(one.rows)} rows, ${format.megabytes(one.bytes)}`;
  return card('Tables', {},
    index.tables.length === 0 && h('p', {class: 'hint'}, 'No table has a file yet: the next refresh that changes one writes it.'),
    ...index.tables.map((one) => h('details', {class: 'numbers'}, h('summary', {}, h('code', {}, one.table)),
      h('p', {class: 'hint'}, `${one.about} `, h('span', {}, `${rows(one)}, as of ${format.time(one.written_at)}, snapshot ${one.snapshot_id}.`)),
      h('button', {type: 'button', class: 'quiet', 'aria-label': `First rows of ${one.table}`, onclick: () => { parts.sql.value = `select *\nfrom ${one.table}\nlimit 100`; run(); }}, 'First rows'),
      h('dl', {}, one.columns.map((column) => [h('dt', {}, h('code', {}, column.name), ` ${column.type.toLowerCase()}`), h('dd', {}, column.about)]).flat()))),
    index.left_out.length > 0 && h('details', {class: 'numbers'}, h('summary', {}, 'Not here'),
      h('dl', {}, index.left_out.map((one) => [h('dt', {}, h('code', {}, one.table)), h('dd', {}, one.why)]).flat())));
}

function start() {
  const began = performance.now();
  const shown = (bytes) => say(`The engine is loading: ${format.megabytes(bytes)} so far.`);
  shown(0);
  engine = Engine.start(shown);
  engine.then(() => say(`The engine is ready, after ${format.millis(performance.now() - began)}.`, 'idle'), (error) => {
    if (error instanceof EngineError) problem('engine', error, open);
  });
}

function say(text, state) {
  parts.said.textContent = text;
  if (state) { parts.result.dataset.state = state; announce(text); }
}

// The tables of the index that a query may name; one too many is only loaded.
const named = (sql) => index.tables.filter((one) => new RegExp(`\\b${one.table.split('.')[1]}\\b`, 'i').test(sql));

async function run() {
  const sql = parts.sql.value;
  if (parts.run.disabled || sql.trim() === '') return;
  history.replaceState(null, '', `#${new URLSearchParams({sql})}`);
  parts.run.disabled = true;
  parts.stop.hidden = false;
  parts.result.replaceChildren();
  parts.result.dataset.state = 'running';
  try {
    const current = engine;
    const duck = await current;
    for (const one of named(sql)) {
      say(`Loading ${one.table}, ${format.megabytes(one.bytes)}.`);
      await duck.load(one);
    }
    say('The query runs.');
    const found = await duck.run(sql);
    if (current === engine) result(duck, found);
  } catch (error) {
    if (!(error instanceof EngineError) && parts.result.dataset.state === 'running') failed(error);
  } finally {
    parts.run.disabled = false;
    parts.stop.hidden = true;
  }
}

function failed(error) {
  say('The query was not answered.', 'error');
  parts.result.replaceChildren(h('section', {class: 'card', role: 'alert', 'aria-label': 'Error'}, h('pre', {tabindex: 0}, error.message)));
}

// A query cannot be interrupted; its worker can be ended. Tables are loaded again from the browser's cache.
async function stop() {
  const ended = engine;
  parts.result.dataset.state = 'stopped';
  start();
  parts.run.disabled = false;
  parts.stop.hidden = true;
  (await ended).stop();
}

function result(duck, {columns, rows, count, millis}) {
  const shown = columns.map((column, place) => ({key: `c${place}`, label: column.name, unit: NUMERIC.test(column.type) ? 'exact' : 'text'}));
  const objects = (list) => list.map((row) => Object.fromEntries(row.map((value, place) => [`c${place}`, value])));
  const some = count > SHOWN ? ` The first ${format.count(SHOWN)} are shown.` : '';
  say(`${format.count(count)} ${count === 1 ? 'row' : 'rows'} in ${format.millis(millis)}.${some}`, count === 0 ? 'empty' : 'done');
  const save = h('button', {type: 'button', class: 'quiet', 'aria-label': 'Download all rows as CSV', onclick: async () => download('explore.csv', csv(shown, objects(await duck.rows())))}, 'CSV');
  parts.result.replaceChildren(card('Result', {tools: [save]}, count === 0
    ? h('p', {class: 'hint'}, `No row. Columns: ${columns.map((column) => column.name).join(', ')}.`)
    : table('Result', shown, objects(rows), {sortable: true})));
}

document.getElementById('nav').replaceChildren(
  ...Object.keys(TILES).map((name) => h('li', {}, h('a', {href: `./#/${name}`}, words(name)))),
  h('li', {}, h('a', {href: 'explore.html', 'aria-current': 'page'}, 'Explore')));
document.querySelector('[aria-current]').scrollIntoView({block: 'nearest', inline: 'nearest'}); // on a phone, links do not fit
onTheme(() => {});
window.addEventListener('hashchange', () => {
  const sql = new URLSearchParams(location.hash.slice(1)).get('sql');
  if (sql !== null && parts.sql) parts.sql.value = sql;
});
open();
