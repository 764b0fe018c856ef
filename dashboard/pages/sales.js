import {chart} from '../chart.js';
import {largest, rowsOf, sums, total, values} from '../data.js';
import {addDays, addMonths, daysBetween, format, monthOf, roundedQuotient, weekOf, words} from '../format.js';
import {all, card, changeOf, choices, csvButton, h, kpi, select, table} from '../view.js';

export const title = 'Sales';
export const about = 'What was sold, without tax and after discount, by the day of the order.';

const MEASURES = ['orders', 'order_lines', 'units', 'gross', 'discounts', 'net', 'returned', 'cost', 'margin', 'unconverted_lines', 'uncosted_lines'];

// Of each grain: how many of it are shown, the first day of the one a day is in, and the start of the nth after it.
const GRAINS = {
  day: {label: 'Day', shown: 28, of: (day) => day, after: addDays, show: format.shortDate},
  week: {label: 'Week', shown: 13, of: weekOf, after: (day, number) => addDays(day, 7 * number), show: format.shortDate},
  month: {label: 'Month', shown: 6, of: monthOf, after: addMonths, show: format.month},
};

export function render({sales}, filters, change) {
  const grain = GRAINS[filters.grain] ?? GRAINS.day;
  const every = rowsOf(sales);
  const rows = every.filter((row) => (!filters.channel || row.channel === filters.channel) && (!filters.country || row.country === filters.country));
  const now = period(grain, largest(every, 'day'));
  const current = within(rows, now.first, now.last);
  const before = within(rows, now.firstBefore, now.lastBefore);
  const [sum, last] = [total(current, MEASURES), total(before, MEASURES)];
  const against = before.length ? `against ${format.shortDate(now.firstBefore)} – ${format.date(now.lastBefore)}` : null;
  const compared = (name, read = (one) => one[name]) => ({change: against && changeOf(read(sum), read(last)), against, note: 'no earlier period to compare with', tile: sales});
  const average = (one) => roundedQuotient(one.net, one.orders);
  return [
    h('div', {class: 'filters'},
      choices('Grain', Object.entries(GRAINS).map(([name, one]) => [name, one.label]), Object.keys(GRAINS).find((name) => GRAINS[name] === grain), (value) => change({grain: value})),
      select('Channel', 'channel', all('All channels', values(every, 'channel')), filters.channel ?? '', (value) => change({channel: value})),
      select('Country', 'country', all('All countries', values(every, 'country')), filters.country ?? '', (value) => change({country: value})),
      h('p', {class: 'span'}, `${format.date(now.first)} – ${format.date(now.last)}`)),
    h('div', {class: 'kpis'},
      kpi({label: 'Net sales', value: sum.net, unit: 'cents', ...compared('net')}),
      kpi({label: 'Orders', value: sum.orders, ...compared('orders')}),
      kpi({label: 'Average order', value: average(sum), unit: 'cents', ...compared('', average)}),
      kpi({label: 'Margin', value: sum.margin, unit: 'cents', ...compared('margin')}),
      kpi({label: 'Returned', value: sum.returned, unit: 'cents', good: 'down', ...compared('returned')}),
      kpi({label: 'Discounts', value: sum.discounts, unit: 'cents', good: 'down', ...compared('discounts')})),
    missing(sum),
    trend(grain, now, current, before),
    h('div', {class: 'grid'}, breakdown('By channel', 'channel', current), breakdown('By country', 'country', current)),
    numbers(grain, now, current),
  ].filter(Boolean);
}

function period(grain, newest) {
  const first = grain.after(grain.of(newest), 1 - grain.shown);
  const firstBefore = grain.after(first, -grain.shown);
  return {first, last: newest, firstBefore, lastBefore: addDays(firstBefore, daysBetween(first, newest))};
}

const within = (rows, first, last) => rows.filter((row) => row.day >= first && row.day <= last);

function missing(sum) {
  if (!sum.uncosted_lines && !sum.unconverted_lines) return null;
  const parts = [
    sum.unconverted_lines && `${format.count(sum.unconverted_lines)} lines wait for an exchange rate and are in no amount`,
    sum.uncosted_lines && `${format.count(sum.uncosted_lines)} lines have no known cost and are in no margin`,
  ].filter(Boolean);
  return h('p', {class: 'notice', role: 'note'}, `${parts.join('; ')}.`);
}

function trend(grain, now, current, before) {
  const starts = Array.from({length: grain.shown}, (_, place) => grain.after(now.first, place));
  const earlier = Array.from({length: grain.shown}, (_, place) => grain.after(now.firstBefore, place));
  const found = sums(current, (row) => grain.of(row.day), ['net']);
  const old = sums(before, (row) => grain.of(row.day), ['net']);
  const series = [{name: 'Net sales', values: starts.map((start) => found.get(start)?.net ?? 0), colour: 'series-1'}];
  if (before.length) series.push({name: 'Last period', values: earlier.map((start) => old.get(start)?.net ?? 0), kind: 'line', dashed: true, colour: 'before'});
  return card(`Net sales by ${grain.label.toLowerCase()}`, {wide: true}, chart('Net sales', {
    categories: starts.map(grain.show), raw: starts, series, unit: 'cents', category: grain.label, height: 300}));
}

function breakdown(name, column, rows) {
  const parts = [...sums(rows, (row) => row[column], ['net', 'margin'])].sort(([, a], [, b]) => b.net - a.net).slice(0, 8);
  return card(name, {}, chart(name, {
    categories: parts.map(([key]) => words(key)), unit: 'cents', horizontal: true, category: words(column), height: 60 + 34 * parts.length,
    series: [{name: 'Net sales', values: parts.map(([, one]) => one.net)}, {name: 'Margin', values: parts.map(([, one]) => one.margin), colour: 'series-2'}]}));
}

function numbers(grain, now, rows) {
  const columns = [
    {key: 'start', label: grain.label, unit: 'date'}, {key: 'orders', label: 'Orders', unit: 'count'}, {key: 'units', label: 'Units', unit: 'count'},
    {key: 'gross', label: 'Before discount', unit: 'cents'}, {key: 'discounts', label: 'Discounts', unit: 'cents'}, {key: 'net', label: 'Net sales', unit: 'cents'},
    {key: 'average', label: 'Average order', unit: 'cents'}, {key: 'returned', label: 'Returned', unit: 'cents'}, {key: 'margin', label: 'Margin', unit: 'cents'},
  ];
  const found = [...sums(rows, (row) => grain.of(row.day), MEASURES)].map(([start, one]) => ({start, ...one, average: roundedQuotient(one.net, one.orders)})).reverse();
  return card('All numbers', {wide: true, tools: csvButton('sales', columns, found)}, table('Sales by ' + grain.label.toLowerCase(), columns, found, {sortable: true}));
}
