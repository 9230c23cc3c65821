// The one time range of a page, as it stands in the URL: `from` and `to` are `now-15m`, ISO 8601 or milliseconds; an empty
// `to` is now.

export interface Range {
  readonly from: string;
  readonly to: string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

export const PRESETS: readonly { readonly from: string; readonly label: string }[] = [
  { from: 'now-15m', label: 'Last 15 minutes' },
  { from: 'now-1h', label: 'Last hour' },
  { from: 'now-3h', label: 'Last 3 hours' },
  { from: 'now-12h', label: 'Last 12 hours' },
  { from: 'now-24h', label: 'Last 24 hours' },
  { from: 'now-3d', label: 'Last 3 days' },
  { from: 'now-7d', label: 'Last 7 days' },
  { from: 'now-30d', label: 'Last 30 days' },
];

export const DEFAULT_RANGE: Range = { from: 'now-1h', to: '' };

/** Milliseconds since 1970, or undefined when the text is none of the three forms. */
export function parseTime(text: string, now: number): number | undefined {
  if (text === '' || text === 'now') return now;
  const relative = /^now-(\d+)([smhdw])$/.exec(text);
  if (relative) return now - Number(relative[1]) * (UNITS[relative[2] ?? ''] ?? 0);
  if (/^\d{10,}$/.test(text)) return Number(text);
  const parsed = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** The range in milliseconds; one that cannot be read, or that is empty, becomes the default one. */
export function resolve(range: Range, now: number): { from: number; to: number } {
  const from = parseTime(range.from, now);
  const to = parseTime(range.to, now);
  if (from === undefined || to === undefined || from >= to) return { from: now - 3_600_000, to: now };
  return { from, to };
}

/** The stretch of the same length just before; a relative one stays relative, so that the collector's clock decides. */
export function previous(range: Range, now: number): Range {
  const relative = isRelative(range) ? /^now-(\d+)([smhdw])$/.exec(range.from) : null;
  if (relative) return { from: `now-${Number(relative[1]) * 2}${relative[2] ?? ''}`, to: range.from };
  const { from, to } = resolve(range, now);
  return { from: String(Math.round(from - (to - from))), to: String(Math.round(from)) };
}

export function isRelative(range: Range): boolean {
  return (range.to === '' || range.to === 'now') && range.from.startsWith('now');
}

/** Back or forward by a share of the range's length; the result is absolute and never ends after now. */
export function shift(range: Range, share: number, now: number): Range {
  const { from, to } = resolve(range, now);
  const by = (to - from) * share;
  const end = Math.min(now, to + by);
  return { from: String(Math.round(end - (to - from))), to: String(Math.round(end)) };
}

/** Twice as long around the same middle. */
export function widen(range: Range, now: number): Range {
  const { from, to } = resolve(range, now);
  const half = (to - from) / 2;
  const end = Math.min(now, to + half);
  return { from: String(Math.round(end - (to - from) * 2)), to: String(Math.round(end)) };
}

const STEPS: readonly (readonly [text: string, ms: number])[] = [
  ['1m', 60_000], ['2m', 120_000], ['5m', 300_000], ['10m', 600_000], ['15m', 900_000], ['30m', 1_800_000],
  ['1h', 3_600_000], ['3h', 10_800_000], ['6h', 21_600_000], ['12h', 43_200_000], ['1d', 86_400_000],
]; // prettier-ignore

/** The step that gives about so many points at most; the store's finest is a minute. */
export function stepFor(range: Range, now: number, most = 100): string {
  const { from, to } = resolve(range, now);
  const step = STEPS.find(([, ms]) => (to - from) / ms <= most);
  return step?.[0] ?? '1d';
}

export function label(range: Range, format: (ms: number) => string, now: number): string {
  if (isRelative(range)) {
    const preset = PRESETS.find(({ from }) => from === range.from);
    return preset?.label ?? `Last ${range.from.slice(4)}`;
  }
  const { from, to } = resolve(range, now);
  return `${format(from)} to ${format(to)}`;
}

/** For an input of type datetime-local: local time without a zone. */
export function toLocalInput(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
