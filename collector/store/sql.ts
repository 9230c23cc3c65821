// How SQL text comes to be: only through the tag below, which turns every value into a literal that cannot end itself.
// Bound parameters would be the obvious way, but the embedded engine runs parameterised queries one at a time in the
// whole process (three of 0.5 s on three connections take 1.5 s), so all readers would wait for the slowest.

/** Text that may be sent to the engine. Made by `sql` alone. */
export class Sql {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type SqlValue = string | number | boolean | readonly string[] | readonly number[];

/** `` sql`SELECT x FROM spans WHERE team = ${team}` ``: values become literals, other Sql is put in as it is. */
export function sql(strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) {
    text += (value instanceof Sql ? value.text : literal(value)) + (strings[index + 1] ?? '');
  }
  return new Sql(text);
}

/** Fragments with something between them, for example ` AND `. */
export function join(parts: readonly Sql[], between: 'AND' | 'OR' | ',' | 'UNION ALL'): Sql {
  return new Sql(parts.map((part) => part.text).join(between === ',' ? ', ' : ` ${between} `));
}

/** The value as a ClickHouse literal. */
export function literal(value: SqlValue): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError('a number in a query must be finite');
    return String(value);
  }
  return `[${value.map(literal).join(', ')}]`;
}

const PLAIN = /^[A-Za-z0-9 _.,:;/@+=-]*$/;
const PLAIN_BYTE = /[A-Za-z0-9 _.,:;/@+=-]/;

/** Every byte outside a short list of harmless ones is written as \xHH: a quote or backslash never reaches the text. */
function quote(value: string): string {
  if (PLAIN.test(value)) return `'${value}'`;
  let text = '';
  for (const byte of Buffer.from(value.toWellFormed(), 'utf8')) {
    const character = String.fromCharCode(byte);
    text += PLAIN_BYTE.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `'${text}'`;
}
