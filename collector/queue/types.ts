// The column types that our tables need, as the Native format writes them. A value that a type does not hold is
// written as nothing and reported.

import type { NativeReader, NativeWriter } from './bytes.ts';

export interface NativeType {
  /** What it is called in SQL. */
  readonly sql: string;
  readonly write: (to: NativeWriter, values: readonly unknown[], refuse: (at: number) => void) => void;
  readonly read: (from: NativeReader, rows: number) => unknown[];
  /** Moves on without the values, where that is cheaper than reading them. */
  readonly skip?: (from: NativeReader, rows: number) => void;
}

type Refuse = (at: number) => void;

/** One value after another. */
function plain<Value>(
  sql: string,
  one: {
    readonly holds: (value: unknown) => boolean;
    readonly none: Value;
    readonly put: (to: NativeWriter, value: Value) => void;
    readonly get: (from: NativeReader) => Value;
  },
): NativeType {
  const { holds, none, put, get } = one;
  return {
    sql,
    write: (to, values, refuse) => {
      for (let at = 0; at < values.length; at++) {
        const value = values[at];
        if (holds(value)) put(to, value as Value);
        else {
          refuse(at);
          put(to, none);
        }
      }
    },
    read: (from, rows) => Array.from({ length: rows }, () => get(from)),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const upTo = (most: number) => (value: unknown) =>
  typeof value === 'number' && value >= 0 && value <= most && Number.isInteger(value);

const skipTexts = (from: NativeReader, count: number): void => {
  for (let left = count; left > 0; left--) from.skipText();
};

export const text: NativeType = {
  ...plain<string>('String', {
    holds: isText,
    none: '',
    put: (to, value) => to.text(value),
    get: (from) => from.text(),
  }),
  skip: skipTexts,
};

/** Any value, as JSON in a String column. */
export const json: NativeType = {
  ...plain<unknown>('String', {
    holds: () => true,
    none: null,
    put: (to, value) => to.text(Array.isArray(value) && value.length === 0 ? '[]' : JSON.stringify(value)),
    get: (from) => JSON.parse(from.text()) as unknown,
  }),
  skip: skipTexts,
};

export const flag = plain<boolean>('Bool', {
  holds: (value) => typeof value === 'boolean',
  none: false,
  put: (to, value) => to.u8(value ? 1 : 0),
  get: (from) => from.u8() === 1,
});

export const u8 = plain<number>('UInt8', {
  holds: upTo(255),
  none: 0,
  put: (to, value) => to.u8(value),
  get: (from) => from.u8(),
});
export const u16 = plain<number>('UInt16', {
  holds: upTo(65_535),
  none: 0,
  put: (to, value) => to.u16(value),
  get: (from) => from.u16(),
});
export const u32 = plain<number>('UInt32', {
  holds: upTo(4_294_967_295),
  none: 0,
  put: (to, value) => to.u32(value),
  get: (from) => from.u32(),
});

const wide = (sql: string): NativeType =>
  plain<number>(sql, {
    holds: upTo(Number.MAX_SAFE_INTEGER),
    none: 0,
    put: (to, value) => to.u64(value),
    get: (from) => from.u64(),
  });
export const u64 = wide('UInt64');
/** Times since 1970. */
export const micros = wide("DateTime64(6, 'UTC')");
export const millis = wide("DateTime64(3, 'UTC')");

/** US dollars, exact to the nano-dollar. */
export const usd = plain<number>('Decimal(18, 9)', {
  holds: (value) => typeof value === 'number' && value >= 0 && value * 1e9 <= Number.MAX_SAFE_INTEGER,
  none: 0,
  put: (to, value) => to.u64(Math.round(value * 1e9)),
  get: (from) => from.u64() / 1e9,
});

export const f64 = plain<number>('Float64', {
  holds: (value) => typeof value === 'number' && Number.isFinite(value),
  none: 0,
  put: (to, value) => to.f64(value),
  get: (from) => from.f64(),
});

/** An Enum8 whose names count from 0. */
export function choice(names: readonly string[]): NativeType {
  const codes = new Map<unknown, number>(names.map((name, code) => [name, code]));
  return plain<string>(`Enum8(${names.map((name, code) => `'${name}' = ${code}`).join(', ')})`, {
    holds: (value) => codes.has(value),
    none: names[0] ?? '',
    put: (to, value) => to.u8(codes.get(value) ?? 0),
    get: (from) => names[from.u8()] ?? '',
  });
}

/** Version of the dictionaries: each block brings its own keys. */
const OWN_KEYS = 1;
/** Additional keys stand in the block; the dictionary is new with it. */
const KEYS_HERE = (1 << 9) | (1 << 10);

/** The different values first, then a number a row. */
function writeDictionary(to: NativeWriter, values: readonly unknown[], refuse: Refuse = () => undefined): void {
  if (values.length === 0) return; // nothing at all, not even a count
  const keys = new Map<unknown, number>([['', 0]]);
  const codes = codesOf(values, keys, refuse);
  const width = keys.size <= 256 ? 0 : keys.size <= 65_536 ? 1 : 2;
  to.u64(KEYS_HERE | width);
  to.u64(keys.size);
  for (const key of keys.keys()) to.text(key as string);
  to.u64(values.length);
  to.raw(width === 0 ? Uint8Array.from(codes) : width === 1 ? Uint16Array.from(codes) : codes);
}

function codesOf(values: readonly unknown[], keys: Map<unknown, number>, refuse: Refuse): Uint32Array {
  const codes = new Uint32Array(values.length);
  let last: unknown = '';
  let code = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value !== last) {
      last = value;
      code = isText(value) ? (keys.get(value) ?? keys.size) : 0;
      if (code === keys.size) keys.set(value, code);
    }
    if (code === 0 && value !== '') refuse(at);
    codes[at] = code;
  }
  return codes;
}

function readDictionary(from: NativeReader, count: number): string[] {
  if (count === 0) return [];
  const width = from.u64() & 255;
  const keys = Array.from({ length: from.u64() }, () => from.text());
  return Array.from({ length: from.u64() }, () => {
    const index = width === 0 ? from.u8() : width === 1 ? from.u16() : from.u32();
    return keys[index] ?? '';
  });
}

/** A text out of few different ones. */
export const word: NativeType = {
  sql: 'LowCardinality(String)',
  write: (to, values, refuse) => {
    to.u64(OWN_KEYS);
    writeDictionary(to, values, refuse);
  },
  read: (from, rows) => {
    from.u64();
    return readDictionary(from, rows);
  },
};

export const words: NativeType = {
  sql: 'Array(LowCardinality(String))',
  write: (to, values, refuse) => {
    to.u64(OWN_KEYS);
    const all: string[] = [];
    for (const [at, list] of values.entries()) {
      if (Array.isArray(list) && list.every(isText)) all.push(...list);
      else refuse(at);
      to.u64(all.length);
    }
    writeDictionary(to, all);
  },
  read: (from, rows) => {
    from.u64();
    const ends = Array.from({ length: rows }, () => from.u64());
    const all = readDictionary(from, ends.at(-1) ?? 0);
    return ends.map((end, at) => all.slice(ends[at - 1] ?? 0, end));
  },
};

/** Numbers by names out of few different ones. */
export const countMap: NativeType = {
  sql: 'Map(LowCardinality(String), Float64)',
  write: (to, values, refuse) => {
    to.u64(OWN_KEYS);
    const keys: string[] = [];
    const counts: number[] = [];
    for (const [at, record] of values.entries()) {
      if (typeof record !== 'object' || record === null) refuse(at);
      for (const [key, count] of Object.entries(record ?? {})) {
        if (!Number.isFinite(count)) refuse(at);
        keys.push(key);
        counts.push(Number.isFinite(count) ? Number(count) : 0);
      }
      to.u64(keys.length);
    }
    writeDictionary(to, keys);
    for (const count of counts) to.f64(count);
  },
  read: (from, rows) => {
    from.u64();
    const ends = Array.from({ length: rows }, () => from.u64());
    const keys = readDictionary(from, ends.at(-1) ?? 0);
    const entries = keys.map((key): [string, number] => [key, from.f64()]);
    return ends.map((end, at) => Object.fromEntries(entries.slice(ends[at - 1] ?? 0, end)));
  },
};

/** Texts by names out of few different ones. */
export const textMap: NativeType = {
  sql: 'Map(LowCardinality(String), String)',
  write: (to, values, refuse) => {
    to.u64(OWN_KEYS);
    const keys: string[] = [];
    const texts: string[] = [];
    for (let at = 0; at < values.length; at++) {
      if (!pushEntries(values[at], keys, texts)) refuse(at);
      to.u64(keys.length);
    }
    writeDictionary(to, keys);
    for (const value of texts) to.text(value);
  },
  read: (from, rows) => {
    from.u64();
    const ends = Array.from({ length: rows }, () => from.u64());
    const keys = readDictionary(from, ends.at(-1) ?? 0);
    const entries = keys.map((key): [string, string] => [key, from.text()]);
    return ends.map((end, at) => Object.fromEntries(entries.slice(ends[at - 1] ?? 0, end)));
  },
  skip: (from, rows) => {
    from.u64();
    let end = 0;
    for (let left = rows; left > 0; left--) end = from.u64();
    readDictionary(from, end);
    skipTexts(from, end);
  },
};

function pushEntries(record: unknown, keys: string[], texts: string[]): boolean {
  if (typeof record !== 'object' || record === null) return false;
  let good = true;
  for (const key in record) {
    const value = (record as Readonly<Record<string, unknown>>)[key];
    keys.push(key);
    texts.push(isText(value) ? value : '');
    good &&= isText(value);
  }
  return good;
}
