import {chart} from '../chart.js';
import {largest, rowsOf, sums, total, values} from '../data.js';
import {addDays, format, words} from '../format.js';
import {all, card, changeOf, choices, csvButton, h, kpi, select, table} from '../view.js';

export const title = 'Funnel';
export const about = 'Sessions that came as far as each step to a purchase. Robots are left out.';

const STEPS = {sessions: 'Sessions', product_views: 'Saw a product', carts: 'Filled a cart', checkouts: 'Began a checkout', purchases: 'Bought'};
const SHORT = {product_views: 'Viewed', carts: 'Cart', checkouts: 'Checkout', purchases: 'Bought'};
const MEASURES = [...Object.keys(STEPS), 'bounces'];
const SPANS = {28: '4 weeks', 91: '13 weeks', 182: '26 weeks'};

export function render({funnel}, filters, change) {
  const days = Number(SPANS[filters.days] ? filters.days : 28);
  const every = rowsOf(funnel);
  const last = largest(every, 'day');
  const first = addDays(last, 1 - days);
  const rows = every.filter((row) => (!filters.device || row.device === filters.device) && (!filters.channel || row.channel === filters.channel));
  const current = rows.filter((row) => row.day >= first);
  const before = rows.filter((row) => row.day < first && row.day >= addDays(first, -days));
  const [sum, old] = [total(current, MEASURES), total(before, MEASURES)];
  const against = before.length ? `against the ${SPANS[days]} before` : null;
  const compared = (read) => ({change: against && changeOf(read(sum), read(old)), against, note: 'no earlier period to compare with', tile: funnel});
  const conversion = (one) => one.sessions ? one.purchases / one.sessions : null;
  const bounced = (one) => one.sessions ? one.bounces / one.sessions : null;
  return [
    h('div', {class: 'filters'},
      choices('Period', Object.entries(SPANS), String(days), (value) => change({days: value})),
      select('Device', 'device', all('All devices', values(every, 'device')), filters.device ?? '', (value) => change({device: value})),
      select('Channel', 'channel', all('All channels', values(every, 'channel')), filters.channel ?? '', (value) => change({channel: value})),
      h('p', {class: 'span'}, `${format.date(first)} – ${format.date(last)}`)),
    h('div', {class: 'kpis'},
      kpi({label: 'Sessions', value: sum.sessions, ...compared((one) => one.sessions)}),
      kpi({label: 'Purchases', value: sum.purchases, ...compared((one) => one.purchases)}),
      kpi({label: 'Conversion', value: conversion(sum), unit: (value) => format.share(value, 2), ...compared(conversion)}),
      kpi({label: 'Bounce rate', value: bounced(sum), unit: (value) => format.share(value, 2), good: 'down', ...compared(bounced)})),
    h('div', {class: 'grid'}, steps(sum), daily(current)),
    h('div', {class: 'grid'}, part('By device', 'device', current), part('By channel', 'channel', current)),
  ];
}

function steps(sum) {
  const names = Object.keys(STEPS);
  return card('Steps to a purchase', {about: 'A session that came to a step counts at all steps before it.'}, chart('Steps', {
    categories: names.map((name) => STEPS[name]), unit: 'count', horizontal: true, category: 'Step', height: 250,
    series: [{name: 'Sessions', values: names.map((name) => sum[name])}]}),
  h('ol', {class: 'steps'}, names.slice(1).map((name, place) => h('li', {}, h('strong', {}, format.share(sum[names[place]] ? sum[name] / sum[names[place]] : null)), ` ${STEPS[name].toLowerCase()}`))));
}

function daily(rows) {
  const found = [...sums(rows, (row) => row.day, ['sessions', 'purchases'])];
  return card('Conversion by day', {about: 'Purchases of all sessions that began on the day.'}, chart('Conversion by day', {
    categories: found.map(([day]) => format.shortDate(day)), raw: found.map(([day]) => day), unit: 'share', height: 290,
    series: [{name: 'Conversion', kind: 'line', values: found.map(([, one]) => one.sessions ? one.purchases / one.sessions : null)}]}));
}

function part(name, column, rows) {
  const columns = [{key: 'part', label: words(column), show: (row) => words(row.part)}, {key: 'sessions', label: 'Sessions', unit: 'count'},
    ...['product_views', 'carts', 'checkouts', 'purchases'].map((step) => ({key: step, label: SHORT[step], unit: 'count'})),
    {key: 'conversion', label: 'Conversion', unit: 'share', show: (row) => format.share(row.conversion, 2)}];
  const found = [...sums(rows, (row) => row[column], MEASURES)].map(([key, one]) => ({part: key, ...one, conversion: one.sessions ? one.purchases / one.sessions : null}))
    .sort((a, b) => b.sessions - a.sessions);
  return card(name, {tools: csvButton(`funnel-${column}`, columns, found)}, table(name, columns, found, {sortable: true}));
}
