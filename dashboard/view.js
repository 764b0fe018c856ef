// Elements of the page: figures, tables, key figures, filters, downloads, and where a number comes from.
import {decimal, format, words} from './format.js';

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const announce = (text) => { document.getElementById('status').textContent = text; };

export function kpi({label, value, unit = 'count', change, against, note, tile, good = 'up'}) {
  const shown = typeof unit === 'function' ? unit(value) : format[unit](value);
  const same = change != null && Math.abs(change) < 0.0005; // shown as 0.0 %
  const worse = change != null && !same && (change > 0) !== (good === 'up');
  return h('section', {class: 'kpi', 'aria-label': label},
    h('h2', {}, label),
    h('data', {class: 'figure', value: value ?? ''}, shown),
    change == null ? h('p', {class: 'delta'}, note ?? '')
      : h('p', {class: `delta ${same ? '' : worse ? 'worse' : 'better'}`},
        h('strong', {}, `${same ? '=' : change > 0 ? '▲' : '▼'} ${format.change(same ? 0 : change)}`), ` ${against}`),
    tile && h('button', {type: 'button', class: 'why', 'aria-label': `Where ${label} comes from`, onclick: () => about(label, tile)}, 'Source'));
}

export const changeOf = (now, before) => before ? (now - before) / Math.abs(before) : null;

export function card(title, {about: text, tools = [], wide, kind = ''} = {}, ...body) {
  return h('section', {class: `card ${wide ? 'wide' : ''} ${kind}`, 'aria-label': title},
    h('header', {}, h('h2', {}, title), h('div', {class: 'tools'}, tools)),
    text && h('p', {class: 'hint'}, text), ...body);
}

// columns: {key, label, unit}; a cell carries its exact value beside what is shown.
export function table(caption, columns, rows, {sortable = false, limit} = {}) {
  const body = h('tbody');
  const fill = (list) => body.replaceChildren(...list.slice(0, limit).map((row) => h('tr', {}, columns.map((column, place) =>
    cell(column, row, place === 0)))));
  const heads = columns.map((column) => h('th', {scope: 'col', class: isNumber(column) ? 'number' : null},
    sortable ? h('button', {type: 'button', onclick: (event) => sort(event.currentTarget.parentElement, column)}, column.label) : column.label));
  const sort = (head, column) => {
    const down = head.getAttribute('aria-sort') !== 'descending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const compare = (a, b) => typeof a === 'string' && column.unit !== 'exact' ? a.localeCompare(b) : a - b;
    const known = rows.filter((row) => row[column.key] != null).sort((a, b) => compare(a[column.key], b[column.key]) * (down ? -1 : 1));
    fill([...known, ...rows.filter((row) => row[column.key] == null)]);
    announce(`Sorted by ${column.label}, ${down ? 'descending' : 'ascending'}`);
  };
  fill(rows);
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', {}, h('caption', {class: 'visually-hidden'}, caption), h('thead', {}, h('tr', {}, heads)), body));
}

const NUMBERS = new Set(['count', 'cents', 'exact', 'usd', 'share', 'hours']);
const isNumber = (column) => NUMBERS.has(column.unit);

function cell(column, row, first) {
  const value = row[column.key];
  const shown = column.show ? column.show(row) : format[column.unit ?? 'text'](value);
  return h(first ? 'th' : 'td', {scope: first ? 'row' : null, class: isNumber(column) ? 'number' : null, 'data-column': column.key, 'data-value': value ?? ''}, shown);
}

export function select(label, name, options, chosen, change) {
  return h('label', {class: 'field'}, h('span', {}, label), h('select', {name, onchange: (event) => change(event.target.value)},
    options.map(([value, text]) => h('option', {value, selected: value === chosen}, text))));
}

export function choices(label, options, chosen, change) {
  return h('div', {class: 'choices', role: 'group', 'aria-label': label}, options.map(([value, text]) =>
    h('button', {type: 'button', 'aria-pressed': String(value === chosen), onclick: () => change(value)}, text)));
}

export const all = (label, list) => [['', label], ...list.map((value) => [value, words(value)])];

export function csvButton(name, columns, rows) {
  return h('button', {type: 'button', class: 'quiet', 'aria-label': `Download ${name} as CSV`, onclick: () => download(`${name}.csv`, csv(columns, rows))}, 'CSV');
}

// A spreadsheet would run a text that begins like a formula, so such texts get an apostrophe.
const guarded = (text) => /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;

export function csv(columns, rows) {
  const field = (column, value) => {
    const text = value == null ? '' : column.unit === 'cents' ? decimal(value) : typeof value === 'string' && column.unit !== 'exact' ? guarded(value) : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => field(column, row[column.key])).join(','));
  return `\ufeff${[columns.map((column) => field({}, column.label)).join(','), ...lines].join('\r\n')}\r\n`;
}

export function download(name, text) {
  const link = h('a', {href: URL.createObjectURL(new Blob([text], {type: 'text/csv'})), download: name});
  link.click();
  URL.revokeObjectURL(link.href);
  announce(`${name} was downloaded`);
}

// Where a number comes from: its definition, its query, the version of its tables and what they are built from.
export function about(label, tile) {
  const dialog = document.getElementById('about');
  const facts = tile.sources.map((source) => h('li', {}, h('code', {}, source.table),
    source.contract_version && ` · contract ${source.contract_version}`,
    source.snapshot_id && [' · snapshot ', h('code', {}, source.snapshot_id)],
    source.written_at && ` · as of ${format.time(source.written_at)}`,
    source.promised_hours != null && ` · promised within ${format.hours(source.promised_hours)}`,
    source.upstreams.length > 0 && h('div', {class: 'lineage'}, 'built from ', source.upstreams.map((one, place) => [place ? ', ' : '', h('code', {}, one)]).flat())));
  dialog.replaceChildren(...[
    h('header', {}, h('h2', {id: 'about-title'}, label), h('button', {type: 'button', class: 'quiet', onclick: () => dialog.close()}, 'Close')),
    h('p', {}, `${words(tile.about)}.`),
    h('h3', {}, 'Made of'), h('ul', {}, facts),
    h('h3', {}, 'Defined in'), h('p', {}, h('code', {}, tile.definition)),
    tile.query && [h('h3', {}, 'Ask the lake'), h('p', {}, 'The named query with more columns and a first day of your choice:'), h('pre', {tabindex: 0}, `lake query ${tile.query}`)],
    h('h3', {}, 'Query of this tile'), h('pre', {tabindex: 0}, tile.sql),
    h('p', {class: 'hint'}, `Written by ${tile.run_id} at ${format.time(tile.written_at)}. Its page in the catalog: lake contracts docs.`),
  ].flat().filter(Boolean));
  dialog.showModal();
}

export function heatmap(caption, rowLabels, columnLabels, valueAt, {corner = '', show = format.count, title} = {}) {
  const numbers = rowLabels.flatMap((_, row) => columnLabels.map((_, column) => valueAt(row, column))).filter((value) => value != null);
  const most = Math.max(...numbers, 0);
  return h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    h('table', {class: 'heat'}, h('caption', {class: 'visually-hidden'}, caption),
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, corner), columnLabels.map((text) => h('th', {scope: 'col', class: 'number'}, text)))),
      h('tbody', {}, rowLabels.map((label, row) => h('tr', {}, h('th', {scope: 'row'}, label), columnLabels.map((_, column) => {
        const value = valueAt(row, column);
        const step = value == null ? 'none' : most ? Math.min(8, Math.ceil(8 * value / most)) : 0;
        return h('td', {class: `number heat-${step}`, 'data-value': value ?? '', title: value == null ? null : title?.(row, column)}, value == null ? '' : show(value));
      }))))));
}
