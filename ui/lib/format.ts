// Numbers and times as people read them: a unit on each, and no more digits than matter.

const GAP = '\u00a0';
export const NONE = '–';

function trim(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** 420 µs, 312 ms, 1.24 s, 2 m 05 s, 3 h 10 m. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  const size = Math.abs(ms);
  if (size === 0) return `0${GAP}ms`;
  if (size < 0.9995) return `${Math.round(ms * 1000)}${GAP}µs`;
  if (size < 9.995) return `${trim(ms, 2)}${GAP}ms`;
  if (size < 999.5) return `${Math.round(ms)}${GAP}ms`;
  if (size < 9995) return `${trim(ms / 1000, 2)}${GAP}s`;
  return size < 59_950 ? `${trim(ms / 1000, 1)}${GAP}s` : longDuration(ms);
}

function longDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) {
    const rest = seconds % 60 === 0 ? '' : `${GAP}${pad(seconds % 60)}${GAP}s`;
    return `${Math.floor(seconds / 60)}${GAP}m${rest}`;
  }
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}${GAP}h${GAP}${pad(minutes % 60)}${GAP}m`;
  return `${Math.floor(minutes / 1440)}${GAP}d${GAP}${Math.floor((minutes % 1440) / 60)}${GAP}h`;
}

/** <$0.00001, $0.000042, $0.0042, $0.124, $12.40, $1,240, $1.24M. Unknown is a dash: a missing price is not a zero. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return NONE;
  if (usd === 0) return '$0';
  const size = Math.abs(usd);
  if (size < 0.00001) return '<$0.00001';
  if (size < 0.1) return `$${Number(usd.toPrecision(2)).toFixed(Math.min(10, 1 - Math.floor(Math.log10(size))))}`;
  if (size < 1) return `$${trim(usd, 3)}`;
  if (size < 1000) return `$${trim(usd, 2)}`;
  if (size < 1e6) return `$${grouped(Math.round(usd))}`;
  return `$${short(usd)}`;
}

/** 9,412 below ten thousand, then 18.3k and 1.24M. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (Math.abs(value) < 10_000)
    return Number.isInteger(value) ? grouped(value) : trim(value, Math.abs(value) < 10 ? 1 : 0);
  return short(value);
}

export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NONE;
  const value = ratio * 100;
  if (value === 0 || Math.abs(value) >= 99.95) return `${Math.round(value)}${GAP}%`;
  return `${trim(value, Math.abs(value) < 0.1 ? 2 : 1)}${GAP}%`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value < 1000) return `${value}${GAP}B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = -1;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${trim(size, size < 10 ? 2 : size < 100 ? 1 : 0)}${GAP}${units[unit] ?? 'TB'}`;
}

/** A metric's value in its own unit. */
export function inUnit(value: number | null | undefined, unit: string): string {
  if (unit === 'ms') return duration(value);
  if (unit === 'usd') return money(value);
  if (unit === 'ratio') return percent(value);
  return unit === 'tokens/s' && value !== null && value !== undefined ? `${count(value)}${GAP}tokens/s` : count(value);
}

/** The change against an earlier value: +12 %, -3 %; undefined where there is nothing to compare with. */
export function change(now: number | null, before: number | null): { text: string; ratio: number } | undefined {
  if (now === null || before === null || before === 0) return undefined;
  const ratio = now / before - 1;
  const size = Math.abs(ratio * 100);
  const text = size >= 1000 ? `×${trim(now / before, 0)}` : `${sign(ratio)}${trim(size, size < 10 ? 1 : 0)}${GAP}%`;
  return { text: size < 0.05 ? `±0${GAP}%` : text, ratio };
}

export function clock(ms: number, withMillis = false): string {
  const date = new Date(ms);
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMillis ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''}`;
}

export function dateTime(ms: number): string {
  return `${day(ms)}, ${clock(ms)}`;
}

/** 4 s ago, 3 m ago, 2 h ago, 5 d ago. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 60) return `${seconds}${GAP}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${GAP}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}${GAP}h ago`;
  return `${Math.floor(seconds / 86_400)}${GAP}d ago`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function sign(value: number): string {
  return value < 0 ? '−' : '+';
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function short(value: number): string {
  const size = Math.abs(value);
  const [by, unit] = size < 999_500 ? [1e3, 'k'] : size < 999.5e6 ? [1e6, 'M'] : [1e9, 'G'];
  const scaled = value / by;
  return `${trim(scaled, Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0)}${unit}`;
}
