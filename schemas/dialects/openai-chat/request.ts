// Chat completion requests, read and written.

import type { Call, CallInput, Message, SettingName, Settings, ToolDefinition } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import {
  COMMON_FIELDS,
  customTool,
  extraOf,
  namesOf,
  readFields,
  readFormat,
  readTool,
  readToolChoice,
  schemaFacts,
  writeFields,
} from '../openai.ts';
import type { SettingField } from '../openai.ts';
import { fields, isFields, list, role, text, toolDefinition } from '../read.ts';
import type { Fields } from '../read.ts';
import { effortOf } from '../thinking.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, Quirks, WireRequest, WrittenCall } from '../types.ts';
import { inexpressible, jsonInstruction, Ledger, present } from '../write.ts';
import { cacheControl, writeMessages } from './messages.ts';
import { assistantParts, cacheOf, readContent } from './parts.ts';
import type { Paths } from './parts.ts';

const FIELDS: readonly SettingField[] = [
  ...COMMON_FIELDS,
  ['seed', 'seed', 'number'],
  ['presencePenalty', 'presence_penalty', 'number'],
  ['frequencyPenalty', 'frequency_penalty', 'number'],
  ['logitBias', 'logit_bias', 'object'],
  ['n', 'n', 'number'],
  ['verbosity', 'verbosity', 'text'],
  ['serviceTier', 'service_tier', 'text'],
  ['metadata', 'metadata', 'object'],
  ['store', 'store', 'flag'],
  ['promptCacheKey', 'prompt_cache_key', 'text'],
];
/** OpenAI's own API refuses them; many other servers have them (`Quirks.has`). */
const SAMPLING: readonly SettingField[] = [
  ['topK', 'top_k', 'number'],
  ['minP', 'min_p', 'number'],
];
/** Read but never written: no translated answer has them. */
const LOGPROBS: readonly SettingField[] = [
  ['logprobs', 'logprobs', 'flag'],
  ['topLogprobs', 'top_logprobs', 'number'],
];

export const CHAT_NAMES: Readonly<Partial<Record<SettingName, string>>> = {
  ...namesOf([...FIELDS, ...SAMPLING, ...LOGPROBS]),
  maxTokens: 'max_completion_tokens',
  stop: 'stop',
  toolChoice: 'tool_choice',
  parallelTools: 'parallel_tool_calls',
  format: 'response_format',
  thinking: 'reasoning_effort',
};

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(CHAT_NAMES),
  ...'model messages tools functions function_call stream stream_options max_tokens reasoning thinking'.split(' '),
]);

/** Fields without a neutral word that OpenAI's own API has. */
const OWN: ReadonlySet<string> = new Set(
  (
    'audio modalities moderation prediction prompt_cache_options prompt_cache_retention safety_identifier ' +
    'web_search_options'
  ).split(' '),
);

export function readInput(value: unknown): CallInput {
  return readConversation(fields(value), new WeakMap());
}

function readConversation(body: Fields, paths: Paths): CallInput {
  return {
    system: [],
    messages: list(body['messages']).map((message, at) => readMessage(message, `messages.${at}`, paths)),
    tools: readTools(body, paths),
  };
}

function readMessage(value: unknown, path: string, paths: Paths): Message {
  const message = fields(value);
  const name = text(message['name']);
  const parts = readParts(message, path, paths);
  return { role: role(message['role']), parts, ...(name === '' ? {} : { name }) };
}

function readParts(message: Fields, path: string, paths: Paths): Message['parts'] {
  if (message['role'] !== 'tool' && message['role'] !== 'function') return assistantParts(message, path, paths);
  const id = text(message['tool_call_id']) || text(message['name']);
  const { content } = message;
  const parts = readContent(content, `${path}.content`, paths);
  const [only] = parts;
  const alone = parts.length === 1 && only?.type === 'text' ? only.content : undefined;
  const response = alone ?? (parts.length > 0 ? parts : '');
  const mark = list(content).findLast((each) => cacheOf(fields(each)).cache !== undefined);
  const result = { type: 'tool_call_response' as const, id, response, ...cacheOf(fields(mark)) };
  paths.set(result, path);
  return [result];
}

function readTools(body: Fields, paths: Paths): readonly ToolDefinition[] {
  const tools = list(body['tools']).map((value, at) => {
    const tool = { ...readTool(value), ...cacheOf(fields(value)) };
    paths.set(tool, `tools.${at}`);
    return tool;
  });
  return [...tools, ...list(body['functions']).map(legacyFunction)];
}

/** Tools of the first generation; `raw` tells the writer of the answer that its caller knows no other. */
function legacyFunction(value: unknown): ToolDefinition {
  const { name, description, parameters } = fields(value);
  return {
    ...toolDefinition({ type: 'function', name: text(name) || 'function', description, parameters }),
    raw: 'functions',
  };
}

/** @throws Inexpressible where a field is not what the API allows */
export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  checkMessages(body['messages']);
  const paths: Paths = new WeakMap();
  const input = readConversation(body, paths);
  const { choice, allowed } = readToolChoice(body['tool_choice'] ?? legacyChoice(body['function_call']));
  const extra = { ...extraOf(body, KNOWN) };
  if (list(extra['modalities']).every((each) => each === 'text')) delete extra['modalities'];
  return {
    ...input,
    tools: input.tools.filter(({ name }) => allowed === undefined || allowed.has(name)),
    model,
    stream,
    streamUsage: fields(body['stream_options'])['include_usage'] === true,
    settings: { ...readSettings(body), ...(choice === undefined ? {} : { toolChoice: choice }) },
    extra,
    paths,
  };
}

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

function checkMessages(messages: unknown): void {
  if (!Array.isArray(messages)) throw new Inexpressible('messages', 'Expected a list.');
  for (const [at, message] of messages.entries()) {
    if (!isFields(message)) throw new Inexpressible(`messages.${at}`, 'Expected an object.');
    if (!ROLES.has(message['role'])) throw new Inexpressible(`messages.${at}.role`, 'This role is not known.');
    const { content } = message;
    const readable = content === undefined || content === null || typeof content === 'string' || Array.isArray(content);
    if (!readable) throw new Inexpressible(`messages.${at}.content`, 'Expected a text or a list of parts.');
  }
}

function legacyChoice(value: unknown): unknown {
  return isFields(value) ? { type: 'function', ...value } : value;
}

function readSettings(body: Fields): Settings {
  const checked = new Checked(body);
  return present({
    ...readFields(checked, [...FIELDS, ...SAMPLING, ...LOGPROBS]),
    maxTokens: checked.number('max_completion_tokens') ?? checked.number('max_tokens'),
    stop: typeof body['stop'] === 'string' ? [body['stop']] : checked.texts('stop'),
    parallelTools: checked.flag('parallel_tool_calls'),
    format: readFormat(body['response_format']),
    thinking: readThinking(body),
  });
}

/** OpenAI's word, or OpenRouter's and Anthropic's objects, which many servers take too. */
function readThinking(body: Fields): Settings['thinking'] {
  const checked = new Checked(body);
  const effort = checked.text('reasoning_effort') ?? checked.inside('reasoning').text('effort');
  const tokens = checked.inside('reasoning').number('max_tokens') ?? checked.inside('thinking').number('budget_tokens');
  const off = fields(body['thinking'])['type'] === 'disabled' || fields(body['reasoning'])['enabled'] === false;
  if (effort === undefined && tokens === undefined) return off ? { effort: 'none' } : undefined;
  const hidden = fields(body['reasoning'])['exclude'] === true;
  return present({ effort, budget: tokens, show: hidden ? false : undefined });
}

/** @throws Inexpressible */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const format = writeFormat(ledger, quirks);
  const has: ReadonlySet<string> = new Set(quirks.has);
  const body = present({
    model,
    messages: writeMessages(call, { quirks, instruction: format.instruction }),
    ...writeTools(call, ledger, quirks),
    ...writeFields(ledger, [...FIELDS, ...SAMPLING.filter(([name]) => has.has(name))]),
    [quirks.maxTokensField ?? 'max_completion_tokens']: ledger.take('maxTokens'),
    stop: ledger.take('stop'),
    response_format: format.field,
    reasoning_effort: effortOf(ledger.take('thinking') ?? {}),
    ...ledger.takeExtra(OWN),
    stream: stream || undefined,
    stream_options: stream && quirks.noStreamOptions !== true ? { include_usage: true } : undefined,
  });
  return { body, dropped: ledger.dropped() };
}

function writeTools(call: Call, ledger: Ledger, quirks: Quirks): Fields {
  if (call.tools.length === 0) return {};
  const choice = ledger.take('toolChoice');
  return {
    tools: call.tools.map((tool) => ({ ...writeTool(tool, call), ...cacheControl(tool.cache, quirks) })),
    tool_choice: typeof choice === 'object' ? writeChoice(choice.name, call) : choice,
    parallel_tool_calls: ledger.take('parallelTools'),
  };
}

function writeTool(tool: ToolDefinition, call: Call): Fields {
  const { type, name, description, parameters, strict } = tool;
  if (type === 'function') return { type, function: present({ name, description, parameters, strict }) };
  if (type !== 'custom') throw inexpressible(call, tool, `A tool of type ${type}`);
  return { type, custom: customTool(tool, (grammar) => ({ type: 'grammar', grammar })) };
}

function writeChoice(name: string, { tools }: Call): Fields {
  const custom = tools.some((tool) => tool.name === name && tool.type === 'custom');
  return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

interface WrittenFormat {
  readonly field?: Fields;
  /** Asks for it in words. */
  readonly instruction?: string;
}

function writeFormat(ledger: Ledger, { noJsonSchema }: Quirks): WrittenFormat {
  const format = ledger.take('format');
  switch (format?.type) {
    case 'text':
      return { field: { type: 'text' } };
    case 'json':
      return { field: { type: 'json_object' } };
    case 'schema':
      if (noJsonSchema !== true) return { field: { type: 'json_schema', json_schema: schemaFacts(format) } };
      ledger.drop('format.schema');
      return { field: { type: 'json_object' }, instruction: jsonInstruction(format.schema) };
    default:
      return {};
  }
}
