// What can go wrong with the store, in three words: bad rows are permanent (PermanentError of collector/component.ts),
// a store that does not open says why in one sentence, everything else is worth another try.

/** The store cannot be used at all; the message is for the person at the terminal. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

/** The store is closed, or too busy to take another question. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** A question that would read or answer too much. */
export class QueryLimitError extends Error {
  override readonly name = 'QueryLimitError';
}

/** ClickHouse's numeric error code, if that is what was thrown. */
export function engineCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  for (const key of ['clickhouseCode', 'code'] as const) {
    const value = (error as Record<string, unknown>)[key];
    if (/^\d+$/.test(String(value))) return Number(value);
  }
  const found = /Code: (\d+)\./.exec(error instanceof Error ? error.message : '');
  return found ? Number(found[1]) : undefined;
}

/** The engine could not read or convert the rows it was given: sending them again cannot help. */
export function isBadData(error: unknown): boolean {
  const code = engineCode(error) ?? 0;
  if (code === TOO_MANY_PARTS) return error instanceof Error && /partitions for single INSERT/.test(error.message);
  return BAD_DATA.has(code);
}

/** Of two things in one: a table that merges too slowly (it passes), and rows of too many partitions (it does not). */
const TOO_MANY_PARTS = 252;

export function isLimit(error: unknown): boolean {
  return LIMITS.has(engineCode(error) ?? 0);
}

/** What the engine said, without the values it quotes (they may be somebody's prompt): its word, the column, the row. */
export function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = engineCode(error);
  if (code === undefined) return text.split('\n')[0]?.slice(0, 200) ?? '';
  const word = typeOf(error) ?? /\(([A-Z][A-Z_]{3,})\)/.exec(text)?.[1] ?? 'an error of the engine';
  const column = /while reading the value of key (\w+)/.exec(text)?.[1];
  const row = /\(at row (\d+)\)/.exec(text)?.[1];
  return `${word} (code ${code})${column ? ` in column ${column}` : ''}${row ? `, row ${row}` : ''}`;
}

/** A server's word for it, which its client takes out of the message. */
function typeOf(error: unknown): string | undefined {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  return typeof type === 'string' && /^[A-Z][A-Z_]+$/.test(type) ? type : undefined;
}

const BAD_DATA: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE
  6, // CANNOT_PARSE_TEXT
  20, // NUMBER_OF_COLUMNS_DOESNT_MATCH
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  128, // TOO_LARGE_ARRAY_SIZE
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  407, // DECIMAL_OVERFLOW
  467, // CANNOT_PARSE_BOOL
  565, // TOO_MANY_PARTITIONS
  632, // UNEXPECTED_DATA_AFTER_PARSED_VALUE
  691, // UNKNOWN_ELEMENT_OF_ENUM
]);

const LIMITS: ReadonlySet<number> = new Set([
  158, // TOO_MANY_ROWS
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  241, // MEMORY_LIMIT_EXCEEDED
  307, // TOO_MANY_BYTES
  396, // TOO_MANY_ROWS_OR_BYTES
]);
