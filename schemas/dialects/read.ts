// The small tools that every dialect reads with. They take anything and never throw: a wire format is what a stranger
// sent. Counts have one rule (see `count`), so that a broken number can never become money.

import type { CallOutput, Message, Modality, Part, Role, ToolDefinition, Usage, UsageUnits } from '../call.ts';

export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};
const ROLES: ReadonlySet<string> = new Set(['system', 'developer', 'user', 'assistant', 'tool']);

/** More tokens than any model takes in one call: a larger number is a mistake, not a bill. */
const MAX_TOKENS = 1e9;

/** The value's fields when it is an object, else none. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : NO_FIELDS;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function role(value: unknown): Role {
  if (value === 'function') return 'tool';
  return typeof value === 'string' && ROLES.has(value) ? (value as Role) : 'user';
}

/** Parsed JSON, or the text itself where it is none (tool arguments cut short, `[DONE]`). */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

/** Tool arguments as they travel, JSON in a string, as a value; no text at all is an empty object. */
export function toolArguments(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? {};
  return value === '' ? {} : parsed(value);
}

export function textPart(content: string): readonly Part[] {
  return content === '' ? [] : [{ type: 'text', content }];
}

export function reasoningPart(content: string): readonly Part[] {
  return content === '' ? [] : [{ type: 'reasoning', content }];
}

export function refusalPart(content: string): readonly Part[] {
  return content === '' ? [] : [{ type: 'refusal', content }];
}

/** What has no part of its own is kept whole, under the name the provider gives it. */
export function genericPart(value: unknown): Part {
  return { type: 'generic', generic_type: text(fields(value)['type']) || typeof value, content: value };
}

/** An address or a `data:` URL, the latter taken apart. */
export function uriPart(modality: Modality, uri: string): Part {
  const comma = uri.startsWith('data:') ? uri.indexOf(',') : -1;
  if (comma < 0) return { type: 'uri', modality, uri };
  const head = uri.slice('data:'.length, comma);
  if (!head.endsWith(';base64')) return { type: 'uri', modality, uri };
  return { type: 'blob', modality, mime_type: head.slice(0, -';base64'.length), content: uri.slice(comma + 1) };
}

export interface ToolWords {
  readonly type: string;
  readonly name: string;
  readonly description?: unknown;
  readonly parameters?: unknown;
  readonly strict?: unknown;
  /** The whole definition: kept where the type is not `function`. */
  readonly raw?: unknown;
}

export function toolDefinition({ type, name, description, parameters, strict, raw }: ToolWords): ToolDefinition {
  return {
    type,
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(parameters === undefined || parameters === null ? {} : { parameters }),
    ...(strict === true ? { strict } : {}),
    ...(type === 'function' || raw === undefined ? {} : { raw }),
  };
}

/** The error object of an answer or an event: `{error: {type, message}}`, `{error: "text"}`. */
export function readError(body: Fields): CallOutput['error'] {
  const error = body['error'];
  if (typeof error === 'string') return { type: 'error', message: error };
  // Mistral and older servers of open models: the whole body is the error.
  if (error === undefined && body['object'] === 'error') return readError({ error: body });
  if (!isFields(error)) return undefined;
  return { type: text(error['type']) || text(error['code']) || 'error', message: text(error['message']) };
}

export interface UsageCounts {
  readonly input: unknown;
  readonly output: unknown;
  readonly total?: unknown;
  readonly cacheRead: unknown;
  readonly cacheWrite: unknown;
  readonly reasoning: unknown;
  readonly units?: Readonly<Partial<Record<keyof UsageUnits, unknown>>>;
}

/**
 * Usage from a provider's numbers. Input or output that is there but impossible (negative, no number, above 1e9) makes
 * all of it unknown: half a bill is a wrong bill. One that is absent is what the total leaves, else 0. An impossible
 * subset is 0; a subset is never larger than its whole.
 */
export function usageOf(counts: UsageCounts): Usage | undefined {
  const input = count(counts.input);
  const output = count(counts.output);
  if (input === 'bad' || output === 'bad' || (input === undefined && output === undefined)) return undefined;
  const total = known(counts.total);
  const whole = { input: input ?? rest(total, output), output: output ?? rest(total, input) };
  const cacheRead = Math.min(known(counts.cacheRead), whole.input);
  return {
    input: whole.input,
    cacheRead,
    cacheWrite: Math.min(known(counts.cacheWrite), whole.input - cacheRead),
    output: whole.output,
    reasoning: Math.min(known(counts.reasoning), whole.output),
    ...unitsOf(counts.units),
  };
}

/** The units that were counted at all. */
function unitsOf(units: UsageCounts['units'] = {}): { readonly units?: UsageUnits } {
  const counted = Object.entries(units).flatMap(([name, value]) => (known(value) > 0 ? [[name, known(value)]] : []));
  return counted.length === 0 ? {} : { units: Object.fromEntries(counted) as UsageUnits };
}

/** A count that is known and possible, else 0. */
export function known(value: unknown): number {
  const read = count(value);
  return typeof read === 'number' ? read : 0;
}

/** A whole number of tokens; undefined where nothing was said, 'bad' where what was said cannot be. */
export function count(value: unknown): number | undefined | 'bad' {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value >= 0) || value > MAX_TOKENS) return 'bad';
  return Math.floor(value);
}

/** Later usage fields over earlier ones; what the later event leaves out or sets to null stays. */
export function mergeUsage(before: unknown, after: unknown): Fields {
  const merged: Record<string, unknown> = { ...fields(before) };
  for (const [name, value] of Object.entries(fields(after))) {
    if (value !== null && value !== undefined) merged[name] = value;
  }
  return merged;
}

function rest(total: number, part: number | undefined): number {
  return Math.max(0, total - (part ?? 0));
}

/** Results of tools that came inside a user's message, as messages of the tool: what stood before and behind stays there. */
export function splitResults({ role, parts }: Message): readonly Message[] {
  const messages: { role: Role; parts: Part[] }[] = [];
  for (const part of parts) {
    const own = part.type === 'tool_call_response' ? 'tool' : role;
    const last = messages.at(-1);
    if (last?.role === own) last.parts.push(part);
    else messages.push({ role: own, parts: [part] });
  }
  return messages.length === 0 ? [{ role, parts }] : messages;
}
