// Which attribute fills which column. A span that uses other names gets there through dialects/.

import { ATTR, UNIT_ATTRS } from '../../schemas/attributes.ts';
import { tierOf } from '../../schemas/price.ts';
import type { SpanRow } from '../../schemas/span.ts';
import type { AttrValue } from '../receivers/model.ts';
import { asBoolean, asCount, asNumber, asStrings, asText, cut } from './text.ts';

/** Puts a value into its column. False when the column does not hold all of it: then it stays an attribute as well. */
export type Setter = (row: SpanRow, value: AttrValue) => boolean;

type Keys<Type> = { [Key in keyof SpanRow]-?: SpanRow[Key] extends Type ? Key : never }[keyof SpanRow];
type TextColumn = Exclude<Keys<string>, 'kind' | 'status' | 'source' | 'cache' | 'usage_source'>;

const UINT8 = 255;
const UINT16 = 65_535;
const UINT32 = 4_294_967_295;
/** Longer values stay whole in the attributes. */
const MAX_TEXT = 1024;
/** USD of one call; more is a mistake of the sender. */
const MAX_COST = 1e6;
const MAX_TOOLS = 128;
/** Of one kind in one call. */
const MAX_UNITS = 1e9;

const CACHES: ReadonlySet<unknown> = new Set(['none', 'exact', 'semantic']);
const USAGE_SOURCES: ReadonlySet<unknown> = new Set(['provider', 'estimated', 'none']);

function text(column: TextColumn): Setter {
  return (row, value) => {
    const full = asText(value);
    row[column] = cut(full, MAX_TEXT);
    return full.length <= MAX_TEXT;
  };
}

function count(column: Keys<number>, max = UINT32): Setter {
  return (row, value) => {
    const number = asCount(value, max);
    if (number === undefined) return false;
    row[column] = number;
    return number < max;
  };
}

const SETTERS: Readonly<Record<string, Setter>> = {
  [ATTR.OPERATION]: text('op'),
  [ATTR.PROVIDER]: (row, value) => {
    row.provider = cut(asText(value).toLowerCase(), MAX_TEXT);
    return true;
  },
  [ATTR.REQUEST_MODEL]: text('model'),
  [ATTR.RESPONSE_MODEL]: text('model_returned'),
  [ATTR.FINISH_REASONS]: (row, value) => {
    const reasons = asStrings(value);
    row.finish_reason = cut(reasons[0] ?? '', MAX_TEXT);
    return reasons.length <= 1;
  },
  [ATTR.TTFT]: (row, value) => {
    const seconds = asNumber(value);
    if (seconds === undefined || seconds < 0) return false;
    row.ttft_us = Math.min(Math.round(seconds * 1e6), Number.MAX_SAFE_INTEGER);
    return true;
  },
  [ATTR.STREAM]: (row, value) => {
    const stream = asBoolean(value);
    row.stream = stream ?? false;
    return stream !== undefined;
  },
  [ATTR.PROMPT_NAME]: text('prompt_name'),
  [ATTR.PROMPT_VERSION]: text('prompt_version'),
  [ATTR.INPUT_TOKENS]: count('in_tok'),
  [ATTR.OUTPUT_TOKENS]: count('out_tok'),
  [ATTR.CACHE_READ_TOKENS]: count('in_cache_read'),
  [ATTR.CACHE_WRITE_TOKENS]: count('in_cache_write'),
  [ATTR.REASONING_TOKENS]: count('out_reasoning'),
  [ATTR.ERROR_TYPE]: text('error_type'),
  [ATTR.HTTP_STATUS]: count('http_status', UINT16),
  [ATTR.USER_ID]: text('user_id'),
  [ATTR.SESSION_ID]: text('session_id'),
  [ATTR.ENVIRONMENT]: text('env'),
  [ATTR.OUTCOME]: text('outcome'),
  [ATTR.ROUTE]: text('route'),
  [ATTR.REASON]: text('reason'),
  [ATTR.ATTEMPT_REASON]: (row, value) => {
    if (row.reason === '') row.reason = cut(asText(value), MAX_TEXT);
    return false;
  },
  [ATTR.KEY_ID]: text('key_id'),
  [ATTR.TEAM]: text('team'),
  [ATTR.CACHE_STATUS]: (row, value) => {
    if (CACHES.has(value)) row.cache = value as SpanRow['cache'];
    return CACHES.has(value);
  },
  [ATTR.ATTEMPT]: count('attempt', UINT8),
  [ATTR.DEPLOYMENT]: text('deployment'),
  [ATTR.USAGE_SOURCE]: (row, value) => {
    if (USAGE_SOURCES.has(value)) row.usage_source = value as SpanRow['usage_source'];
    return USAGE_SOURCES.has(value);
  },
  [ATTR.COST_TOTAL]: (row, value) => {
    const cost = asNumber(value);
    if (cost === undefined || cost < 0 || cost > MAX_COST) return false;
    row.cost_usd = nanos(cost);
    row.cost_known = true;
    return true;
  },
  [ATTR.COST_SAVED]: (row, value) => {
    const saved = asNumber(value);
    if (saved === undefined || Math.abs(saved) > MAX_COST) return false;
    row.saved_usd = nanos(saved);
    return true;
  },
  [ATTR.COST_PRICE_ID]: text('price_id'),
  [ATTR.TOOLS_CALLED]: (row, value) => {
    const tools = asStrings(value);
    row.tools_called = tools.slice(0, MAX_TOOLS).map((tool) => cut(tool, MAX_TEXT));
    return tools.length <= MAX_TOOLS;
  },
  [ATTR.OVERHEAD_US]: count('overhead_us'),
};

/** The tier that is billed wins over OpenAI's own word for the answer's. */
const TIERS: Readonly<Record<string, Setter>> = {
  [ATTR.TIER]: (row, value) => {
    row.service_tier = tierOf(asText(value));
    return true;
  },
  [ATTR.SERVICE_TIER]: (row, value) => {
    row.service_tier ||= tierOf(asText(value));
    return false; // the word itself stays
  },
};

function unit(name: string): Setter {
  return (row, value) => {
    const count = asNumber(value);
    if (count === undefined || count < 0 || count > MAX_UNITS) return false;
    if (count > 0) row.units[name] = count;
    return true;
  };
}

const UNITS = Object.entries(UNIT_ATTRS).map(([name, attribute]): [string, Setter] => [attribute, unit(name)]);

export const COLUMNS: ReadonlyMap<string, Setter> = new Map([
  ...Object.entries(SETTERS),
  ...Object.entries(TIERS),
  ...UNITS,
]);

/** To the nano-dollar, which is what the column keeps. */
export function nanos(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
