// The page: which of its parts is shown, the states it can be in, and the look.
import {forget} from './chart.js';
import {forgetOld, lateSources, load, pageOf, TileError, TILES} from './data.js';
import {configure, format, timeZone} from './format.js';
import {onTheme} from './theme.js';
import {announce, h} from './view.js';
import * as customers from './pages/customers.js';
import * as funnel from './pages/funnel.js';
import * as products from './pages/products.js';
import * as sales from './pages/sales.js';
import * as trust from './pages/trust.js';

const PAGES = {sales, funnel, customers, products, trust};
const main = document.getElementById('main');
const FRESH_MILLIS = 300_000;
let shown = 0;

const where = () => {
  const [, query] = location.hash.split('?');
  return {name: pageOf(location.hash), filters: Object.fromEntries(new URLSearchParams(query ?? ''))};
};

// Filters are in the address, so that a view can be sent to a colleague.
function go(name, filters) {
  const kept = Object.entries(filters).filter(([, value]) => value !== '' && value != null);
  const query = new URLSearchParams(kept).toString();
  history.replaceState(null, '', `#/${name}${query ? `?${query}` : ''}`);
  show({keepFocus: true});
}

async function show({keepFocus = false} = {}) {
  const turn = ++shown;
  const {name, filters} = where();
  const page = PAGES[name];
  navigation(name);
  document.title = `${page.title} · Cartlake`;
  const focused = keepFocus ? focusKey() : null;
  if (!keepFocus) loading(page.title);
  try {
    const [index, ...tiles] = await Promise.all([load('index'), ...TILES[name].map(load)]);
    if (turn !== shown) return;
    configure(index);
    footer(index);
    navigation(name, index.explore);
    const byName = Object.fromEntries(tiles.map((tile) => [tile.tile, tile]));
    forget();
    main.replaceChildren(...render(page, byName, filters, (change) => go(name, {...filters, ...change})));
    main.dataset.state = 'ready';
    if (!keepFocus) announce(`${page.title} is shown`);
  } catch (error) {
    if (turn !== shown) return;
    forget();
    main.replaceChildren(...problem(page.title, error));
    main.dataset.state = error instanceof TileError ? error.kind : 'failed';
  }
  restoreFocus(focused);
}

function render(page, tiles, filters, change) {
  const list = Object.values(tiles);
  const late = new Map(list.flatMap((tile) => lateSources(tile)).map((source) => [source.table, source]));
  const notice = [...late.values()].map((source) => h('p', {class: 'notice late', role: 'note'},
    h('strong', {}, `As of ${format.time(source.written_at)}, older than promised. `),
    `${source.table} is promised to be at most ${format.hours(source.promised_hours)} old; the newest numbers may be missing.`));
  if (list.every((tile) => tile.rows === 0)) return [heading(page, list), ...notice, empty()];
  return [heading(page, list), ...notice, ...page.render(tiles, filters, change)];
}

function heading(page, tiles) {
  const times = tiles.flatMap((tile) => tile.sources.map((source) => source.written_at ?? tile.written_at)).filter(Boolean).sort();
  return h('div', {class: 'heading'}, h('h1', {}, page.title), h('p', {class: 'as-of'}, page.about,
    times.length > 0 && h('span', {}, ` As of ${format.time(times.at(-1))} (${timeZone()}).`)));
}

const empty = () => h('section', {class: 'state'}, h('h2', {}, 'No numbers yet'),
  h('p', {}, 'The tables of this page have no rows. Drop files, and they appear here after the next refresh: '), h('pre', {}, 'lake drop DATASET FILE'));

function loading(title) {
  main.dataset.state = 'loading';
  main.replaceChildren(h('div', {class: 'heading'}, h('h1', {}, title), h('p', {class: 'as-of'}, 'Loading …')),
    h('div', {class: 'kpis', 'aria-hidden': 'true'}, [1, 2, 3, 4].map(() => h('div', {class: 'kpi skeleton'}))),
    h('div', {class: 'card wide skeleton tall', 'aria-hidden': 'true'}));
}

function problem(title, error) {
  const said = {
    forbidden: ['You may not see these numbers', 'Your address or account has no access to the tiles. Ask whoever runs the lake, then load the page again.'],
    missing: ['No numbers yet', 'The lake has written no tiles so far. The next refresh writes them; `lake recompute` starts one.'],
  }[error.kind] ?? ['The numbers could not be loaded', 'Check the connection, then try again. If it stays, `lake run show` says whether the last refresh succeeded.'];
  return [h('div', {class: 'heading'}, h('h1', {}, title)), h('section', {class: 'state', role: 'alert'}, h('h2', {}, said[0]), h('p', {}, said[1]),
    h('p', {class: 'hint'}, error.message), h('button', {type: 'button', onclick: () => show()}, 'Try again'))];
}

let explored = false; // once an index said so, also where the next cannot be read
function navigation(current, explore = explored) {
  explored = explore;
  document.getElementById('nav').replaceChildren(...Object.entries(PAGES).map(([name, page]) =>
    h('li', {}, h('a', {href: `#/${name}`, 'aria-current': name === current ? 'page' : null}, page.title))),
  explore ? h('li', {}, h('a', {href: 'explore.html'}, 'Explore')) : '');
}

function footer(index) {
  document.getElementById('foot').replaceChildren(
    h('p', {}, `${index.environment} · tiles written ${format.time(index.written_at)} by ${index.run_id}`),
    h('p', {}, `Amounts in ${index.currency}. Days, weeks and months are UTC; times are in ${timeZone()}.`));
}

// A change of a filter draws the page anew; what had the focus gets it back.
function focusKey() {
  const active = document.activeElement;
  if (!main.contains(active)) return null;
  return active.name ? `[name="${active.name}"]` : active.ariaPressed ? {group: active.parentElement.ariaLabel, text: active.textContent} : null;
}

function restoreFocus(key) {
  if (key == null) return;
  const found = typeof key === 'string' ? main.querySelector(key)
    : [...main.querySelectorAll(`[aria-label="${key.group}"] button`)].find((button) => button.textContent === key.text);
  found?.focus();
}

onTheme(() => show({keepFocus: true}));
document.getElementById('print').addEventListener('click', () => window.print());
// A tab that stays open for hours shows what was written meanwhile, once somebody looks at it again.
document.addEventListener('visibilitychange', () => { if (!document.hidden && forgetOld(FRESH_MILLIS)) show(); });
window.addEventListener('hashchange', () => { if (location.hash !== '#main') show(); });
show();
