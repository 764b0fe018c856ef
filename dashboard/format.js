// Numbers, amounts, dates and times as people read them, by the locale of the browser or of `?locale=`.
// Amounts are whole cents, so that sums are exact; they are turned into text without a floating-point number.

const works = (make) => { try { make(); return true; } catch { return false; } }; // Intl throws for names it does not know
const wanted = [new URLSearchParams(location.search).get('locale'), navigator.language, 'en'];
export const locale = wanted.find((name) => name && works(() => new Intl.NumberFormat(name)));

let settings = {timeZone: 'UTC'}; // the currency is the contract's: without it no amount is shown
export function configure({currency, time_zone: zone}) {
  settings = {currency, timeZone: works(() => new Intl.DateTimeFormat('en', {timeZone: zone})) ? zone : 'UTC'};
}
export const timeZone = () => settings.timeZone;

const cached = new Map();
const formatter = (Kind, options) => {
  const key = Kind.name + JSON.stringify(options);
  if (!cached.has(key)) cached.set(key, new Kind(locale, options));
  return cached.get(key);
};

export const decimal = (cents) => {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const none = '–';
export const format = {
  cents: (value) => value == null ? none
    : formatter(Intl.NumberFormat, {style: 'currency', currency: settings.currency}).format(decimal(value)),
  shortCents: (value) => formatter(Intl.NumberFormat, {
    style: 'currency', currency: settings.currency, notation: 'compact', maximumFractionDigits: 1,
  }).format(value / 100),
  count: (value) => value == null ? none : formatter(Intl.NumberFormat, {maximumFractionDigits: 0}).format(value),
  shortCount: (value) => formatter(Intl.NumberFormat, {notation: 'compact', maximumFractionDigits: 1}).format(value),
  share: (value, digits = 1) => value == null || Number.isNaN(value) ? none
    : formatter(Intl.NumberFormat, {style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits}).format(value),
  change: (value) => formatter(Intl.NumberFormat, {
    style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'exceptZero',
  }).format(value),
  usd: (value) => value == null ? none
    : formatter(Intl.NumberFormat, {style: 'currency', currency: 'USD', minimumFractionDigits: 4, maximumFractionDigits: 4}).format(value),
  date: (value) => value == null ? none : formatter(Intl.DateTimeFormat, {dateStyle: 'medium', timeZone: 'UTC'}).format(day(value)),
  shortDate: (value) => formatter(Intl.DateTimeFormat, {day: 'numeric', month: 'short', timeZone: 'UTC'}).format(day(value)),
  month: (value) => formatter(Intl.DateTimeFormat, {month: 'short', year: 'numeric', timeZone: 'UTC'}).format(day(value)),
  time: (value) => value == null ? none : formatter(Intl.DateTimeFormat, {
    dateStyle: 'medium', timeStyle: 'short', timeZone: settings.timeZone,
  }).format(new Date(value)),
  text: (value) => value ?? none,
  exact: (value) => value ?? none, // a number as a text, because JavaScript's numbers would round it
  megabytes: (value) => formatter(Intl.NumberFormat, {style: 'unit', unit: 'megabyte', maximumFractionDigits: 1}).format(value / 1e6),
  millis: (value) => formatter(Intl.NumberFormat, {style: 'unit', unit: 'millisecond', maximumFractionDigits: 0}).format(value),
  flag: (value) => value ? 'yes' : 'no',
  hours: (value) => value == null ? none : value < 48
    ? formatter(Intl.NumberFormat, {style: 'unit', unit: 'hour', unitDisplay: 'short', maximumFractionDigits: 0}).format(value)
    : formatter(Intl.NumberFormat, {style: 'unit', unit: 'day', unitDisplay: 'long', maximumFractionDigits: 1}).format(value / 24),
};

// Days are texts such as 2026-11-29, in UTC as the lake has them.
export const day = (text) => new Date(`${text}T00:00:00Z`);
export const isoDay = (date) => date.toISOString().slice(0, 10);
export const addDays = (text, number) => { const date = day(text); date.setUTCDate(date.getUTCDate() + number); return isoDay(date); };
export const addMonths = (text, number) => { const date = day(text); date.setUTCMonth(date.getUTCMonth() + number); return isoDay(date); };
export const weekOf = (text) => addDays(text, -((day(text).getUTCDay() + 6) % 7)); // ISO weeks begin on Monday
export const monthOf = (text) => `${text.slice(0, 7)}-01`;
export const daysBetween = (first, last) => Math.round((day(last) - day(first)) / 86_400_000);

// A quotient rounded half away from zero, in integers, as the lake rounds: (2|a| + b) div 2b.
export const roundedQuotient = (a, b) => b ? Math.sign(a) * Math.floor((2 * Math.abs(a) + b) / (2 * b)) : null;
export const words = (text) => text === text.toUpperCase() ? text : (text.charAt(0).toUpperCase() + text.slice(1)).replaceAll('_', ' ');
