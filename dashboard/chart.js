// Bars and lines, drawn as SVG by ECharts, with the same numbers as a table for readers who do not see them.
import {getInstanceByDom, init} from './vendor/echarts-6.1.0.min.js';
import {format} from './format.js';
import {csvButton, h, table} from './view.js';

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const drawn = new Set();

// unit: cents, count, share or usd. series: {name, values, kind, colour, stack, dashed, unit}.
export function chart(title, {categories, series, unit, horizontal = false, height = 260, category = 'Day', raw}) {
  const place = h('div', {class: 'plot', role: 'img', 'aria-label': summary(title, categories, series, unit)});
  place.style.height = `${height}px`;
  const columns = [{key: 'category', label: category}, ...series.map((one, number) => ({key: `s${number}`, label: one.name, unit: one.unit ?? unit}))];
  const rows = categories.map((text, number) => Object.fromEntries([
    ['category', text], ...series.map((one, which) => [`s${which}`, one.values[number]])]));
  const exact = rows.map((row, number) => raw ? {...row, category: raw[number]} : row);
  requestAnimationFrame(() => { if (place.isConnected) draw(place, options({categories, series, unit, horizontal, width: place.clientWidth})); });
  return h('figure', {'data-chart': title}, place, h('details', {class: 'numbers'}, h('summary', {}, 'Numbers'),
    h('div', {class: 'tools'}, csvButton(title.toLowerCase().replaceAll(/[^a-z]+/g, '-'), columns, exact)), table(title, columns, rows)));
}

function summary(title, categories, series, unit) {
  const said = series.map((one) => {
    const known = one.values.filter((value) => value != null);
    const show = (value) => format[one.unit ?? unit](value);
    return known.length ? `${one.name}: from ${show(Math.min(...known))} to ${show(Math.max(...known))}` : `${one.name}: no values`;
  });
  return `${title}, ${categories.length} values, ${categories[0] ?? ''} to ${categories.at(-1) ?? ''}. ${said.join('. ')}.`;
}

function draw(place, made) {
  const instance = getInstanceByDom(place) ?? init(place, null, {renderer: 'svg'});
  instance.setOption(made);
  const watcher = new ResizeObserver(() => place.isConnected ? instance.resize() : watcher.disconnect());
  watcher.observe(place);
  drawn.add({place, made, instance});
  place.dispatchEvent(new CustomEvent('drawn', {bubbles: true}));
}

export function forget() {
  for (const one of drawn) one.instance.dispose();
  drawn.clear();
}

function short(unit, value) {
  if (unit === 'cents') return format.shortCents(value);
  if (unit === 'share') return format.share(value);
  if (unit === 'usd') return format.usd(value);
  return format.shortCount(value);
}

function options({categories, series, unit, horizontal, width}) {
  const fontFamily = getComputedStyle(document.body).fontFamily; // ECharts measures texts in it, so it has to be a name
  const text = {color: colour('muted'), fontFamily, fontSize: 12};
  const names = {
    type: 'category', data: categories, inverse: horizontal, axisTick: {show: false}, axisLabel: {...text, hideOverlap: true, ...(horizontal && {width: Math.min(230, width * 0.42), overflow: 'truncate'})},
    axisLine: {lineStyle: {color: colour('line')}}, boundaryGap: series.some((one) => one.kind !== 'line') || horizontal,
  };
  const numbers = {type: 'value', splitNumber: 4, axisLabel: {...text, hideOverlap: true, formatter: (value) => short(unit, value)}, splitLine: {lineStyle: {color: colour('line')}}, scale: unit === 'share'};
  return {
    animation: false, // a number is there at once, for people who dislike motion and for print
    aria: {enabled: false}, // the figure has its own label
    textStyle: {fontFamily},
    grid: {left: 4, right: 14, top: series.length > 1 ? 36 : 14, bottom: 4, containLabel: true},
    legend: series.length > 1 ? {top: 0, left: 0, itemWidth: 14, itemHeight: 8, itemGap: 18, textStyle: text, icon: 'roundRect'} : undefined,
    tooltip: {
      trigger: 'axis', confine: true, backgroundColor: colour('card'), borderColor: colour('line'), textStyle: {color: colour('ink'), fontSize: 13},
      axisPointer: {type: 'shadow', shadowStyle: {color: colour('shade')}}, renderMode: 'richText',
      formatter: (points) => [points[0].name, ...points.filter((point) => point.value != null)
        .map((point) => `${point.seriesName}  ${format[series[point.seriesIndex].unit ?? unit](point.value)}`)].join('\n'),
    },
    xAxis: horizontal ? numbers : names,
    yAxis: horizontal ? names : numbers,
    series: series.map((one, place) => ({
      name: one.name, type: one.kind ?? 'bar', stack: one.stack, data: one.values, color: colour(one.colour ?? `series-${place + 1}`),
      barMaxWidth: 34, barCategoryGap: '28%', symbol: 'circle', symbolSize: 6, showSymbol: one.values.filter((value) => value != null).length < 8, itemStyle: one.stack ? {} : {borderRadius: horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0]},
      lineStyle: {width: 2, type: one.dashed ? [4, 4] : 'solid'}, emphasis: {disabled: true}, z: one.kind === 'line' ? 3 : 2,
    })),
  };
}
