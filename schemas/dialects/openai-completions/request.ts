// Text completion requests, read and written: a prompt is one message of the user.

import type { Call, CallInput, Part, SettingName, Settings } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { COMMON_FIELDS, extraOf, namesOf, readFields, textOf, writeFields } from '../openai.ts';
import type { SettingField } from '../openai.ts';
import { fields, list, textPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, WireRequest, WrittenCall } from '../types.ts';
import { Ledger, present } from '../write.ts';

const FIELDS: readonly SettingField[] = [
  ...COMMON_FIELDS,
  ['maxTokens', 'max_tokens', 'number'],
  ['seed', 'seed', 'number'],
  ['presencePenalty', 'presence_penalty', 'number'],
  ['frequencyPenalty', 'frequency_penalty', 'number'],
  ['logitBias', 'logit_bias', 'object'],
  ['n', 'n', 'number'],
];

export const COMPLETIONS_NAMES: Readonly<Partial<Record<SettingName, string>>> = {
  ...namesOf(FIELDS),
  stop: 'stop',
  logprobs: 'logprobs',
};

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(COMPLETIONS_NAMES),
  ...'model prompt stream stream_options'.split(' '),
]);

export function readInput(value: unknown): CallInput {
  const parts = promptParts(fields(value)['prompt']);
  return { system: [], messages: parts.length === 0 ? [] : [{ role: 'user', parts }], tools: [] };
}

function promptParts(prompt: unknown): readonly Part[] {
  if (typeof prompt === 'string') return textPart(prompt);
  if (typeof list(prompt)[0] === 'number') return [tokens(prompt)];
  return list(prompt).map((each) => (typeof each === 'string' ? { type: 'text', content: each } : tokens(each)));
}

function tokens(content: unknown): Part {
  return { type: 'generic', generic_type: 'tokens', content };
}

/** @throws Inexpressible also for several prompts, and for prompts of tokens, whose words only their model knows */
export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  const [prompt, ...others] = Array.isArray(body['prompt']) ? body['prompt'] : [body['prompt']];
  if (others.length > 0 || typeof prompt !== 'string')
    throw new Inexpressible('prompt', 'Only one prompt, as a text, can be passed on to the provider of this model.');
  const extra = { ...extraOf(body, KNOWN) };
  if (extra['best_of'] === 1) delete extra['best_of'];
  return {
    ...readInput({ prompt }),
    model,
    stream,
    streamUsage: fields(body['stream_options'])['include_usage'] === true,
    settings: readSettings(body),
    extra,
    paths: new WeakMap(),
  };
}

function readSettings(body: Fields): Settings {
  const checked = new Checked(body);
  return present({
    ...readFields(checked, FIELDS),
    stop: typeof body['stop'] === 'string' ? [body['stop']] : checked.texts('stop'),
    logprobs: checked.number('logprobs') === undefined ? undefined : true,
  });
}

/** @throws Inexpressible for every conversation: how one is written as a text, only the model's template knows */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const roles = call.messages.map(({ role }) => (role === 'developer' ? 'system' : role));
  const single = roles.at(-1) === 'user' && roles.slice(0, -1).every((role) => role === 'system');
  if (!single || call.tools.length > 0)
    throw new Inexpressible('messages', 'The provider of this model takes one prompt, not a conversation or tools.');
  const parts = [...call.system, ...call.messages.flatMap((message) => message.parts)];
  const body = present({
    model,
    prompt: parts.map((part) => textOf(part, call)).join('\n\n'),
    ...writeFields(ledger, FIELDS),
    stop: ledger.take('stop'),
    stream: stream || undefined,
    stream_options: stream && quirks.noStreamOptions !== true ? { include_usage: true } : undefined,
  });
  return { body, dropped: ledger.dropped() };
}
