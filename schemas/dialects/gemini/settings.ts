// How a generateContent request says what the answer is to be like: read here, written in write-call.ts.

import type { Effort, SettingName, Settings, Thinking, ToolChoice } from '../../call.ts';
import { Checked } from '../check.ts';
import { isFields, list, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { present } from '../write.ts';
import { google } from '../google.ts';
import { jsonSchema } from './schema.ts';

/** Settings that are numbers in generationConfig, under Google's names. */
export const NUMBERS = {
  maxTokens: 'maxOutputTokens',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  seed: 'seed',
  presencePenalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
  n: 'candidateCount',
} as const satisfies Partial<Record<SettingName, string>>;

const CONFIG: ReadonlySet<string> = new Set([
  ...Object.values(NUMBERS),
  'stopSequences',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'thinkingConfig',
  'responseLogprobs',
  'logprobs',
]);
const SAID: ReadonlySet<string> = new Set([
  'model',
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'safetySettings',
  'serviceTier',
]);
const MODES: ReadonlyMap<unknown, ToolChoice> = new Map([
  ['AUTO', 'auto'],
  ['VALIDATED', 'auto'],
  ['ANY', 'required'],
  ['NONE', 'none'],
]);

/** @throws Inexpressible */
export function readSettings(body: Fields): Settings {
  const checked = new Checked(body);
  const config = google(checked.object('generationConfig'));
  const numbers = new Checked(config, 'generationConfig');
  const tier = checked.text('serviceTier')?.toLowerCase();
  return present({
    ...Object.fromEntries(Object.entries(NUMBERS).map(([ours, theirs]) => [ours, numbers.number(theirs)])),
    stop: numbers.texts('stopSequences'),
    logprobs: numbers.flag('responseLogprobs'),
    topLogprobs: numbers.number('logprobs'),
    toolChoice: readChoice(body),
    format: readFormat(config),
    thinking: readThinking(numbers, config),
    serviceTier: tier === 'standard' ? 'default' : tier === 'unspecified' ? undefined : tier,
    safety: checked.list('safetySettings'),
  });
}

function callingConfig(body: Fields): Fields {
  return google(google(body['toolConfig'])['functionCallingConfig']);
}

function readChoice(body: Fields): ToolChoice | undefined {
  const { mode, allowedFunctionNames } = callingConfig(body);
  const [name, ...others] = list(allowedFunctionNames);
  if (mode === 'ANY' && typeof name === 'string' && others.length === 0) return { name };
  return MODES.get(text(mode).toUpperCase());
}

function readFormat(config: Fields): Settings['format'] {
  const schema = config['responseJsonSchema'] ?? jsonSchema(config['responseSchema']);
  if (isFields(schema)) return { type: 'schema', schema };
  const mimeType = config['responseMimeType'];
  if (mimeType === 'application/json') return { type: 'json' };
  return mimeType === 'text/plain' ? { type: 'text' } : undefined;
}

const LEVELS: ReadonlyMap<string, Effort> = new Map([
  ['MINIMAL', 'minimal'],
  ['LOW', 'low'],
  ['MEDIUM', 'medium'],
  ['HIGH', 'high'],
]);

function readThinking(numbers: Checked, config: Fields): Thinking | undefined {
  if (numbers.object('thinkingConfig') === undefined) return undefined;
  const thinking = new Checked(google(config['thinkingConfig']), 'generationConfig.thinkingConfig');
  const said = present({
    effort: LEVELS.get((thinking.text('thinkingLevel') ?? '').toUpperCase()),
    budget: thinking.number('thinkingBudget'),
    show: thinking.flag('includeThoughts'),
  });
  return Object.keys(said).length === 0 ? undefined : said;
}

/** What has no neutral word, by its place; a modality of text alone says nothing. */
export function readExtra(body: Fields): Record<string, unknown> {
  const top = Object.entries(body).filter(([name]) => !SAID.has(name));
  const config = Object.entries(google(body['generationConfig']))
    .filter(([name, value]) => !CONFIG.has(name) && !(name === 'responseModalities' && isTextAlone(value)))
    .map(([name, value]) => [`generationConfig.${name}`, value]);
  const { allowedFunctionNames } = callingConfig(body);
  const several = list(allowedFunctionNames).length > 1;
  return {
    ...Object.fromEntries([...top, ...config]),
    ...(several ? { 'toolConfig.allowedFunctionNames': allowedFunctionNames } : {}),
  };
}

function isTextAlone(value: unknown): boolean {
  return list(value).every((modality) => text(modality).toUpperCase() === 'TEXT');
}
