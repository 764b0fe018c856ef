import {chart} from '../chart.js';
import {largest, rowsOf, sums, total, values} from '../data.js';
import {addMonths, format, words} from '../format.js';
import {all, card, changeOf, csvButton, h, kpi, select, table} from '../view.js';

export const title = 'Products';
export const about = 'What sells, what comes back and what it earns, by month.';

const MEASURES = ['products', 'units', 'returned_units', 'net', 'returned', 'cost', 'margin', 'uncosted_lines'];
const rate = (one) => one.units ? one.returned_units / one.units : null;
const marginShare = (one) => one.cost + one.margin ? one.margin / (one.cost + one.margin) : null; // over products whose cost is known

export function render({categories, products}, filters, change) {
  const every = rowsOf(categories);
  const months = values(every, 'month').reverse();
  const month = months.includes(filters.month) ? filters.month : largest(every, 'month');
  const of = (rows, which) => rows.filter((row) => row.month === which && (!filters.category || row.category === filters.category));
  const [sum, old] = [total(of(every, month), MEASURES), total(of(every, addMonths(month, -1)), MEASURES)];
  const hasOld = of(every, addMonths(month, -1)).length > 0;
  const against = hasOld ? `against ${format.month(addMonths(month, -1))}` : null;
  const compared = (read) => ({change: against && changeOf(read(sum), read(old)), against, note: 'no month before to compare with', tile: categories});
  return [
    h('div', {class: 'filters'},
      select('Month', 'month', months.map((value) => [value, format.month(value)]), month, (value) => change({month: value})),
      select('Category', 'category', all('All categories', values(every, 'category')), filters.category ?? '', (value) => change({category: value}))),
    h('div', {class: 'kpis'},
      kpi({label: 'Net sales', value: sum.net, unit: 'cents', ...compared((one) => one.net)}),
      kpi({label: 'Units', value: sum.units, ...compared((one) => one.units)}),
      kpi({label: 'Margin', value: sum.margin, unit: 'cents', ...compared((one) => one.margin)}),
      kpi({label: 'Margin share', value: marginShare(sum), unit: (value) => format.share(value), ...compared(marginShare)}),
      kpi({label: 'Return rate', value: rate(sum), unit: (value) => format.share(value), good: 'down', ...compared(rate)})),
    h('div', {class: 'grid'}, byCategory(of(every, month)), byMonth(every, filters)),
    top(of(rowsOf(products), month)),
  ];
}

function byCategory(rows) {
  const found = [...sums(rows, (row) => row.category, MEASURES)].sort(([, a], [, b]) => b.net - a.net);
  return card('Categories', {}, chart('Categories', {
    categories: found.map(([name]) => words(name)), unit: 'cents', horizontal: true, category: 'Category', height: 60 + 36 * found.length,
    series: [{name: 'Net sales', values: found.map(([, one]) => one.net)}, {name: 'Margin', values: found.map(([, one]) => one.margin), colour: 'series-2'}]}));
}

function byMonth(rows, filters) {
  const found = [...sums(rows.filter((row) => !filters.category || row.category === filters.category), (row) => row.month, MEASURES)];
  return card('Returns by month', {about: 'Units sent back, of units sold in the month.'}, chart('Return rate', {
    categories: found.map(([month]) => format.month(month)), raw: found.map(([month]) => month), unit: 'share', category: 'Month', height: 250,
    series: [{name: 'Return rate', kind: 'line', values: found.map(([, one]) => rate(one)), colour: 'series-3'}]}));
}

function top(rows) {
  const columns = [{key: 'rank', label: 'Rank', unit: 'count'}, {key: 'product', label: 'Product'}, {key: 'category', label: 'Category', show: (row) => words(row.category)}, {key: 'brand', label: 'Brand'},
    {key: 'net', label: 'Net sales', unit: 'cents'}, {key: 'units', label: 'Units', unit: 'count'}, {key: 'rate', label: 'Return rate', unit: 'share'},
    {key: 'margin', label: 'Margin', unit: 'cents'}, {key: 'share', label: 'Margin share', unit: 'share'}, {key: 'viewers', label: 'Viewers', unit: 'count'}];
  const found = rows.map((row) => ({...row, rate: rate(row), share: marginShare(row)}));
  return card('Products that sold most', {wide: true, about: 'The fifty of the month with the highest net sales.', tools: csvButton('products', columns, found)},
    table('Products that sold most', columns, found, {sortable: true}));
}
