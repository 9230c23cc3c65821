// What Ollama's chat and generate share: options, thinking, formats, pictures without a type.

import type { BlobPart, Effort, OutputFormat, SettingName, Settings, Thinking, Usage } from '../../call.ts';
import { Checked } from '../check.ts';
import { fields, isFields, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { budgetOf, effortOf } from '../thinking.ts';
import { Inexpressible } from '../types.ts';
import { jsonInstruction, present } from '../write.ts';
import type { Ledger } from '../write.ts';

/** A setting and its name in `options`. */
const OPTIONS: readonly (readonly [SettingName, string, 'number' | 'texts'])[] = [
  ['temperature', 'temperature', 'number'],
  ['topP', 'top_p', 'number'],
  ['topK', 'top_k', 'number'],
  ['minP', 'min_p', 'number'],
  ['seed', 'seed', 'number'],
  ['presencePenalty', 'presence_penalty', 'number'],
  ['frequencyPenalty', 'frequency_penalty', 'number'],
  ['maxTokens', 'num_predict', 'number'],
  ['stop', 'stop', 'texts'],
];

export const NAMES: Readonly<Partial<Record<SettingName, string>>> = {
  ...Object.fromEntries(OPTIONS.map(([setting, option]) => [setting, `options.${option}`])),
  format: 'format',
  thinking: 'think',
  logprobs: 'logprobs',
  topLogprobs: 'top_logprobs',
};

const EFFORTS: ReadonlySet<unknown> = new Set<Effort>(['low', 'medium', 'high', 'max']);

/** @throws Inexpressible where one has another type */
export function readSettings(raw: Fields): Settings {
  const { stop, num_predict, ...options } = fields(raw['options']);
  // One stop sequence may stand alone; a limit below 0 is none.
  const limit = typeof num_predict === 'number' && num_predict < 0 ? undefined : num_predict;
  const stops = typeof stop === 'string' ? [stop] : stop;
  const body = new Checked({ ...raw, options: { ...options, stop: stops, num_predict: limit } });
  const inside = body.inside('options');
  return present({
    ...Object.fromEntries(OPTIONS.map(([setting, option, type]) => [setting, inside[type](option)])),
    format: readFormat(raw['format']),
    thinking: readThink(raw['think']),
    logprobs: body.flag('logprobs'),
    topLogprobs: body.number('top_logprobs'),
  });
}

/** Options without a neutral word. */
export function otherOptions(body: Fields): Fields {
  const known = new Set(OPTIONS.map(([, option]) => option));
  const others = Object.entries(fields(body['options'])).filter(([name]) => !known.has(name));
  return others.length > 0 ? { options: Object.fromEntries(others) } : {};
}

/** Log probabilities stand in Ollama's own shape: only its own callers can have them. */
export function writeOptions(ledger: Ledger): Fields {
  const options = present({
    ...fields(ledger.takeExtra(new Set(['options']))['options']),
    ...Object.fromEntries(OPTIONS.map(([setting, option]) => [option, ledger.take(setting)])),
  });
  return Object.keys(options).length > 0 ? { options } : {};
}

/** @throws Inexpressible */
export function readThink(value: unknown): Thinking | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === true) return { budget: -1 };
  if (value === false) return { effort: 'none' };
  if (EFFORTS.has(value)) return { effort: value as Effort };
  throw new Inexpressible('think', 'Expected true, false, "low", "medium", "high" or "max".');
}

export function writeThink(thinking: Thinking | undefined): boolean | string | undefined {
  if (thinking === undefined) return undefined;
  const effort = effortOf(thinking);
  if (effort === 'none') return false;
  if (effort === undefined) return budgetOf(thinking) === undefined ? undefined : true;
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' ? 'high' : effort;
}

export function readFormat(value: unknown): OutputFormat | undefined {
  if (value === 'json') return { type: 'json' };
  return isFields(value) ? { type: 'schema', schema: value } : undefined;
}

/** `instruction`: what is said in words where the server takes no schema. */
export function writeFormat(ledger: Ledger, noSchema: boolean): { format?: unknown; instruction?: string } {
  const format = ledger.take('format');
  if (format === undefined || format.type === 'text') return {};
  if (format.type === 'json') return { format: 'json' };
  if (!noSchema) return { format: format.schema };
  ledger.drop('format.schema');
  return { format: 'json', instruction: jsonInstruction(format.schema) };
}

/** The beginning of a picture's bytes in base64 says what it is. */
const KINDS: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

export function readImage(value: unknown): BlobPart {
  const content = text(value);
  const mime_type = KINDS.find(([start]) => content.startsWith(start))?.[1] ?? 'application/octet-stream';
  return { type: 'blob', modality: 'image', mime_type, content };
}

/** The counts of an answer stand in the answer itself. */
export function readUsage(value: unknown): Usage | undefined {
  const { prompt_eval_count, eval_count } = fields(value);
  return usageOf({ input: prompt_eval_count, output: eval_count, cacheRead: 0, cacheWrite: 0, reasoning: 0 });
}

export function writeUsage({ input, output }: Usage): Fields {
  return { prompt_eval_count: input, eval_count: output };
}

/** `done_reason` in neutral words: calls end an answer that says it stopped. */
export function readFinish(reason: unknown, called: boolean): string {
  const said = text(reason) || 'stop';
  return called && said === 'stop' ? 'tool_call' : said;
}

export function writeFinish(reason: string): string {
  return reason === 'tool_call' ? 'stop' : reason;
}

/** Ollama stamps everything it says. */
export function stamp(created: number): string {
  return new Date(created * 1000).toISOString();
}
