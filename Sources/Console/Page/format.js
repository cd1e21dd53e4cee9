// Figures and times for people.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const hundredths = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/// Three figures at most below a thousand; a dash for what isn't known.
export function figure(value) {
  if (value == null) return '–';
  return (value < 9.995 ? hundredths : value < 99.95 ? tenths : whole).format(value);
}

/// Short, for a scale: `50K`.
export function mark(value) {
  return (value < 1_000 ? hundredths : compact).format(value);
}

/// Such as `1.5 GiB`, as `heights status` writes it.
export function bytes(count) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = count;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${tenths.format(size)} ${units[unit]}`;
}

/// Rounded down: a disk is full at 100 %, never before.
export function percent(share) {
  return share > 0 && share < 0.01 ? 'under 1 %' : `${whole.format(Math.floor(share * 100))} %`;
}

/// A share that is promised: `99.99 %`.
export function share(value) {
  return `${hundredths.format(value * 100)} %`;
}

/// A whole number of things, with its thousands apart.
export function count(value) {
  return whole.format(value);
}

/// How many times as often, or as many: one place after the point.
export function rate(value) {
  return (value < 99.95 ? tenths : whole).format(value);
}

export function timeOfDay(ms) {
  return clock.format(ms);
}

export function dateAndTime(ms) {
  return date.format(ms);
}

/// Such as `42 s` or `3 min 5 s`.
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
