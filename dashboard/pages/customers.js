import {chart} from '../chart.js';
import {rowsOf, sums, total, values} from '../data.js';
import {format, roundedQuotient, words} from '../format.js';
import {card, choices, csvButton, h, heatmap, kpi, table} from '../view.js';

export const title = 'Customers';
export const about = 'Who buys again and what customers bring, returned goods taken off. No single person is in these numbers.';

const SCORES = [1, 2, 3, 4, 5];
const BANDS = [0, 50, 100, 250, 500, 1000, 2500, 5000]; // as tiles/lifetime_value.sql cuts them

export function render({segments, cohorts, lifetime_value: value}, filters, change) {
  const bands = rowsOf(value);
  const people = rowsOf(segments);
  const sum = total(bands, ['customers', 'repeat_customers', 'orders', 'revenue', 'margin']);
  const best = total(people.filter((row) => row.segment === 'champions'), ['customers', 'revenue']);
  return [
    h('div', {class: 'kpis'},
      kpi({label: 'Customers', value: sum.customers, note: 'with an order that was not cancelled', tile: value}),
      kpi({label: 'Revenue', value: sum.revenue, unit: 'cents', note: 'of all of them, so far', tile: value}),
      kpi({label: 'Lifetime value', value: roundedQuotient(sum.revenue, sum.customers), unit: 'cents', note: 'revenue of a customer, on average', tile: value}),
      kpi({label: 'Bought again', value: sum.customers ? sum.repeat_customers / sum.customers : null, unit: (share) => format.share(share), note: `${format.count(sum.repeat_customers)} customers`, tile: value}),
      kpi({label: 'Champions', value: best.customers, note: `${format.share(sum.revenue ? best.revenue / sum.revenue : null)} of revenue`, tile: segments})),
    h('div', {class: 'grid'}, map(people, filters, change), bySegment(people)),
    retention(rowsOf(cohorts), filters, change),
    bandsOfValue(bands),
  ];
}

function map(rows, filters, change) {
  const measure = filters.map === 'revenue' ? 'revenue' : 'customers';
  const found = sums(rows, (row) => `${row.recency} ${row.frequency}`, ['customers', 'revenue']);
  const at = (row, column) => found.get(`${SCORES[column]} ${5 - row}`);
  return card('RFM map', {kind: 'map', about: 'Scores from 1 to 5 among all customers: to the right bought more recently, upwards more often.',
    tools: choices('RFM map shows', [['customers', 'Customers'], ['revenue', 'Revenue']], measure, (value) => change({map: value}))},
  heatmap('RFM map', SCORES.map((_, row) => String(5 - row)), SCORES.map(String),
    (row, column) => at(row, column)?.[measure] ?? 0, {corner: 'Often ↑ Recent →', show: measure === 'revenue' ? format.shortCents : format.count,
      title: (row, column) => `${format.count(at(row, column)?.customers ?? 0)} customers, ${format.cents(at(row, column)?.revenue ?? 0)}`}));
}

function bySegment(rows) {
  const columns = [{key: 'segment', label: 'Segment', show: (row) => words(row.segment)}, {key: 'customers', label: 'Customers', unit: 'count'},
    {key: 'orders', label: 'Orders', unit: 'count'}, {key: 'revenue', label: 'Revenue', unit: 'cents'}, {key: 'each', label: 'Per customer', unit: 'cents'}];
  const found = [...sums(rows, (row) => row.segment, ['customers', 'orders', 'revenue'])]
    .map(([segment, one]) => ({segment, ...one, each: roundedQuotient(one.revenue, one.customers)})).sort((a, b) => b.revenue - a.revenue);
  return card('Segments', {tools: csvButton('segments', columns, found)}, table('Segments', columns, found, {sortable: true}));
}

function retention(rows, filters, change) {
  const shares = filters.cohorts !== 'revenue';
  const months = values(rows, 'cohort');
  const since = [...new Set(rows.map((row) => row.months_since))].sort((a, b) => a - b);
  const found = new Map(rows.map((row) => [`${row.cohort} ${row.months_since}`, row]));
  const at = (row, column) => found.get(`${months[row]} ${since[column]}`);
  const columns = [{key: 'cohort', label: 'Cohort', unit: 'date'}, {key: 'months_since', label: 'Months since', unit: 'count'}, {key: 'customers', label: 'Customers', unit: 'count'},
    {key: 'active_customers', label: 'Active', unit: 'count'}, {key: 'orders', label: 'Orders', unit: 'count'}, {key: 'revenue', label: 'Revenue', unit: 'cents'}, {key: 'cumulative_revenue', label: 'Revenue so far', unit: 'cents'}];
  const share = (one) => one && one.months_since > 0 && one.customers ? one.active_customers / one.customers : null;
  return card('Cohorts', {wide: true, about: shares ? 'Of the customers who first bought in a month, the share that bought again in each month after it.' : 'What the customers of a cohort brought so far, for each of them.',
    tools: [choices('Cohorts show', [['share', 'Bought again'], ['revenue', 'Revenue each']], shares ? 'share' : 'revenue', (value) => change({cohorts: value})), csvButton('cohorts', columns, rows)]},
  heatmap('Cohorts', months.map((month, row) => `${format.month(month)} · ${format.count(at(row, 0)?.customers ?? 0)}`), since.map(String),
    (row, column) => shares ? share(at(row, column)) : at(row, column) ? roundedQuotient(at(row, column).cumulative_revenue, at(row, column).customers) : null,
    {corner: 'Cohort · customers', show: shares ? format.share : format.cents, title: (row, column) => `${format.count(at(row, column).active_customers)} of ${format.count(at(row, column).customers)} customers, ${format.cents(at(row, column).revenue)}`}));
}

function bandsOfValue(rows) {
  const found = sums(rows, (row) => row.band, ['customers', 'repeat_customers']);
  const bands = BANDS.map((band) => found.get(band) ?? {customers: 0, repeat_customers: 0});
  const name = (band, place) => place === BANDS.length - 1 ? `${format.count(band)} and more` : `${format.count(band)} to ${format.count(BANDS[place + 1])}`;
  return card('Lifetime value', {wide: true, about: 'Customers by what they brought so far, in the reporting currency.'}, chart('Lifetime value', {
    categories: BANDS.map(name), unit: 'count', category: 'Brought so far', height: 260,
    series: [{name: 'Customers', values: bands.map((row) => row.customers)}, {name: 'Bought again', values: bands.map((row) => row.repeat_customers), colour: 'series-2'}]}));
}
