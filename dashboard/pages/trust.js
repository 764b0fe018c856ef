import {chart} from '../chart.js';
import {rowsOf, sums, total, values} from '../data.js';
import {addDays, format, words} from '../format.js';
import {card, csvButton, h, kpi, select, table} from '../view.js';

export const title = 'Trust';
export const about = 'Whether the numbers of the other pages are fresh, complete and checked.';

const COUNTS = ['rows_read', 'published', 'quarantined', 'duplicate'];
const DAYS = 30;

export function render({freshness, runs, quarantine, quality}, filters, change) {
  const tables = rowsOf(freshness).map((row) => ({...row, state: stateOf(row)}));
  const every = rowsOf(runs);
  const last = every.length ? every[0].started.slice(0, 10) : new Date().toISOString().slice(0, 10);
  const days = Array.from({length: DAYS}, (_, place) => addDays(last, place + 1 - DAYS));
  const recent = every.filter((row) => row.started.slice(0, 10) >= days[0]);
  const loads = recent.filter((row) => row.rows_read != null).map((row) => ({...row, balance: row.rows_read - row.published - row.quarantined - row.duplicate}));
  const sum = total(loads, COUNTS);
  const late = tables.filter((row) => row.state === 'late').length;
  const stale = tables.filter((row) => row.is_stale).length;
  const failed = recent.filter((row) => row.state === 'FAILED').length;
  const promised = tables.filter((row) => row.promised_hours != null).length;
  return [
    h('div', {class: 'kpis'},
      kpi({label: 'Late tables', value: late, note: `of ${promised} with a promise`, tile: freshness}),
      kpi({label: 'Stale tables', value: stale, note: 'wait for the next refresh', tile: freshness}),
      kpi({label: 'Runs that add up', value: loads.filter((row) => row.balance === 0).length, note: `of ${format.count(loads.length)} loads in ${DAYS} days`, tile: runs}),
      kpi({label: 'Failed runs', value: failed, note: `of ${format.count(recent.length)} in ${DAYS} days`, tile: runs}),
      kpi({label: 'Rows refused', value: sum.rows_read ? sum.quarantined / sum.rows_read : null, unit: (value) => format.share(value, 2), note: `${format.count(sum.quarantined)} of ${format.count(sum.rows_read)} rows`, tile: runs}),
      kpi({label: 'Cost of runs', value: recent.reduce((cost, row) => cost + (row.cost ?? 0), 0), unit: 'usd', note: `list prices, ${DAYS} days`, tile: runs})),
    h('div', {class: 'grid'}, rowsByDay(loads, days), costByDay(recent, days)),
    h('div', {class: 'grid'}, byRule(rowsOf(quarantine), quarantine), qualityByDay(rowsOf(quality), days)),
    fresh(tables),
    runTable(every, filters, change),
  ];
}

function stateOf(row, now = Date.now()) {
  if (row.written == null) return 'never';
  if (row.promised_hours == null) return 'none';
  return now - Date.parse(row.written) > row.promised_hours * 3_600_000 ? 'late' : 'fresh';
}

const badge = (kind, text) => h('span', {class: `badge ${kind}`}, text);
const STATES = {late: ['bad', 'Later than promised'], fresh: ['good', 'As promised'], never: ['', 'Never written'], none: ['', 'No promise']};

function rowsByDay(loads, days) {
  const found = sums(loads, (row) => row.started.slice(0, 10), COUNTS);
  const of = (name) => days.map((day) => found.get(day)?.[name] ?? 0);
  return card('Rows in and where they went', {about: 'Every row that was read is published, quarantined or a duplicate.'}, chart('Rows', {
    categories: days.map(format.shortDate), raw: days, unit: 'count', height: 260,
    series: [{name: 'Published', values: of('published'), stack: 'rows'}, {name: 'Duplicate', values: of('duplicate'), stack: 'rows', colour: 'series-4'}, {name: 'Quarantined', values: of('quarantined'), stack: 'rows', colour: 'series-3'}]}));
}

function costByDay(rows, days) {
  const found = sums(rows.map((row) => ({...row, kind: row.engine ?? 'light'})), (row) => `${row.started.slice(0, 10)} ${row.kind}`, ['cost']);
  const of = (engine) => days.map((day) => found.get(`${day} ${engine}`)?.cost ?? 0);
  return card('Cost by day and engine', {about: 'US dollars by list prices, of what runs computed.'}, chart('Cost', {
    categories: days.map(format.shortDate), raw: days, unit: 'usd', height: 260,
    series: [{name: 'DuckDB in a function', values: of('light'), stack: 'cost'}, {name: 'Spark', values: of('spark'), stack: 'cost', colour: 'series-2'}]}));
}

function byRule(rows, tile) {
  const found = [...sums(rows, (row) => `${row.dataset}: ${row.rule}`, ['quarantined', 'replayed'])].sort(([, a], [, b]) => b.quarantined - a.quarantined).slice(0, 10);
  if (!found.length) return card('Quarantine by rule', {}, h('p', {class: 'hint'}, 'No row was refused in the last 90 days.'));
  return card('Quarantine by rule', {about: `${words(tile.about)}.`}, chart('Quarantine by rule', {
    categories: found.map(([name]) => name), unit: 'count', horizontal: true, category: 'Rule', height: 60 + 36 * found.length,
    series: [{name: 'Waiting', values: found.map(([, one]) => one.quarantined - one.replayed), stack: 'rows', colour: 'series-3'}, {name: 'Replayed', values: found.map(([, one]) => one.replayed), stack: 'rows', colour: 'series-1'}]}));
}

function qualityByDay(rows, days) {
  const found = sums(rows, (row) => row.day, ['measured', 'broken']);
  return card('Rules without a broken row', {about: 'Share of the rules of rows that no row broke on the day, of all that were measured.'}, chart('Rules without a broken row', {
    categories: days.map(format.shortDate), raw: days, unit: 'share', height: 260,
    series: [{name: 'Rules kept', kind: 'line', values: days.map((day) => { const one = found.get(day); return one?.measured ? 1 - one.broken / one.measured : null; })}]}));
}

function fresh(tables) {
  const order = {late: 0, never: 1, fresh: 2, none: 3};
  const rows = [...tables].sort((a, b) => order[a.state] - order[b.state] || a.table_name.localeCompare(b.table_name));
  const columns = [{key: 'table_name', label: 'Table', show: (row) => h('code', {}, row.table_name)},
    {key: 'state', label: 'State', show: (row) => badge(...STATES[row.state])}, {key: 'written', label: 'Last written', unit: 'time'},
    {key: 'promised_hours', label: 'Promised within', unit: 'hours'}, {key: 'is_stale', label: 'Rebuild', show: (row) => row.is_stale ? badge('warn', 'Waits') : 'up to date'},
    {key: 'row_count', label: 'Rows', unit: 'count'}, {key: 'contract_version', label: 'Contract'}];
  return card('Freshness', {wide: true, about: 'When rows of a table changed last, and what its contract promises.', tools: csvButton('freshness', columns, rows)}, table('Freshness', columns, rows, {sortable: true}));
}

function runTable(every, filters, change) {
  const chosen = every.filter((row) => !filters.subject || row.subject === filters.subject);
  const rows = chosen.map((row) => ({...row, balance: row.rows_read == null ? null : row.rows_read - row.published - row.quarantined - row.duplicate}));
  const columns = [{key: 'started', label: 'Started', unit: 'time'}, {key: 'subject', label: 'Of', show: (row) => words(row.subject)},
    {key: 'state', label: 'State', show: (row) => badge({SUCCEEDED: 'good', FAILED: 'bad'}[row.state] ?? 'warn', row.error ?? words(row.state.toLowerCase()))},
    {key: 'engine', label: 'Engine', show: (row) => ({light: 'DuckDB', spark: 'Spark'})[row.engine] ?? '–'},
    {key: 'rows_read', label: 'Read', unit: 'count'}, {key: 'published', label: 'Published', unit: 'count'}, {key: 'quarantined', label: 'Quarantined', unit: 'count'}, {key: 'duplicate', label: 'Duplicate', unit: 'count'},
    {key: 'balance', label: 'Adds up', show: (row) => row.balance == null ? '–' : row.balance === 0 ? badge('good', 'yes') : badge('bad', `${format.count(row.balance)} missing`)},
    {key: 'seconds', label: 'Seconds', unit: 'count'}, {key: 'cost', label: 'Cost', unit: 'usd'}, {key: 'run_id', label: 'Run', show: (row) => h('code', {}, row.run_id)}];
  return card('Runs', {wide: true, tools: [select('Dataset', 'subject', [['', 'All'], ...values(every, 'subject').map((one) => [one, words(one)])], filters.subject ?? '', (value) => change({subject: value})), csvButton('runs', columns, rows)]},
    table('Runs', columns, rows, {sortable: true, limit: 100}));
}
