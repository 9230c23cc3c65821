// Numbers that must not be mixed up. A plain number becomes one only at a border, through the functions below.

type Branded<Base, Name extends string> = Base & { readonly __unit: Name };

export type Milliseconds = Branded<number, 'ms'>;
export type Nanoseconds = Branded<bigint, 'ns'>;
export type Usd = Branded<number, 'usd'>;
export type Tokens = Branded<number, 'tokens'>;
export type Bytes = Branded<number, 'bytes'>;

export const ms = (value: number): Milliseconds => value as Milliseconds;
export const ns = (value: bigint): Nanoseconds => value as Nanoseconds;
export const usd = (value: number): Usd => value as Usd;
export const tokens = (value: number): Tokens => value as Tokens;
export const bytes = (value: number): Bytes => value as Bytes;

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const SIZE_BYTES = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Reads `250ms`, `5s`, `10m`, `1h`, `30d`, `2w`. Anything else is undefined. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim());
  if (!match) return undefined;
  return ms(Number(match[1]) * DURATION_MS[match[2] as keyof typeof DURATION_MS]);
}

/** Reads `512B`, `64kB`, `256KiB`, `20GiB`. Anything else is undefined. */
export function parseSize(text: string): Bytes | undefined {
  const match = /^(\d+(?:\.\d+)?)\s?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/.exec(text.trim());
  if (!match) return undefined;
  return bytes(Math.round(Number(match[1]) * SIZE_BYTES[match[2] as keyof typeof SIZE_BYTES]));
}
