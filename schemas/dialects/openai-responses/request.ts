// Responses requests, read and written: a list of items, one for each message, call, result and thought.

import type { Call, CallInput, Message, OutputFormat, SettingName, Settings, ToolDefinition } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import {
  assistantsJoined,
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
import { fields, isFields, list, role, text, textPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { effortOf } from '../thinking.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, WireRequest, WrittenCall } from '../types.ts';
import { inexpressible, Ledger, present } from '../write.ts';
import { itemParts, readContent, withCallSeals } from './items.ts';
import type { Paths } from './items.ts';
import { writeItems } from './messages.ts';

const FIELDS: readonly SettingField[] = [
  ...COMMON_FIELDS,
  ['maxTokens', 'max_output_tokens', 'number'],
  ['serviceTier', 'service_tier', 'text'],
  ['metadata', 'metadata', 'object'],
  ['promptCacheKey', 'prompt_cache_key', 'text'],
];
/** Read but never written: no translated answer has them. */
const LOGPROBS_INCLUDED = 'message.output_text.logprobs';
const LOGPROBS: readonly SettingField[] = [['topLogprobs', 'top_logprobs', 'number']];

export const RESPONSES_NAMES: Readonly<Partial<Record<SettingName, string>>> = {
  ...namesOf([...FIELDS, ...LOGPROBS]),
  store: 'store',
  toolChoice: 'tool_choice',
  parallelTools: 'parallel_tool_calls',
  format: 'text.format',
  verbosity: 'text.verbosity',
  thinking: 'reasoning',
  logprobs: 'include',
};

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(RESPONSES_NAMES).filter((name) => name !== 'include'),
  ...'model input instructions tools text stream stream_options'.split(' '),
]);

/** Fields without a neutral word that the API shares with chat completions. */
const OWN: ReadonlySet<string> = new Set(
  'moderation prompt_cache_options prompt_cache_retention safety_identifier'.split(' '),
);

export function readInput(value: unknown): CallInput {
  return readConversation(fields(value), new WeakMap());
}

function readConversation(body: Fields, paths: Paths): CallInput {
  const { input } = body;
  return {
    system: textPart(text(body['instructions'])),
    messages:
      typeof input === 'string'
        ? [{ role: 'user', parts: textPart(input) }]
        : list(input).map((item, at) => readItem(item, `input.${at}`, paths)),
    tools: list(body['tools']).map((value, at) => {
      const tool = readTool(value);
      paths.set(tool, `tools.${at}`);
      return tool;
    }),
  };
}

function readItem(value: unknown, path: string, paths: Paths): Message {
  const item = fields(value);
  const type = text(item['type']);
  if (type === '' || type === 'message')
    return { role: role(item['role']), parts: readContent(item['content'], `${path}.content`, paths) };
  if (type !== 'function_call_output' && type !== 'custom_tool_call_output') {
    if (!type.endsWith('_output')) return { role: 'assistant', parts: itemParts(value, path, paths) };
  }
  return { role: 'tool', parts: [readResult(item, path, paths)] };
}

function readResult(item: Fields, path: string, paths: Paths): Message['parts'][number] {
  const { output } = item;
  const parts = Array.isArray(output) ? readContent(output, `${path}.output`, paths) : [];
  const [only] = parts;
  const alone = parts.length === 1 && only?.type === 'text' ? only.content : parts;
  const response = Array.isArray(output) ? alone : (output ?? '');
  const result = { type: 'tool_call_response' as const, id: text(item['call_id']), response };
  paths.set(result, path);
  return result;
}

/** @throws Inexpressible where a field is not what the API allows */
export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  checkInput(body['input']);
  const paths: Paths = new WeakMap();
  const input = readConversation(body, paths);
  const { choice, allowed } = readToolChoice(body['tool_choice']);
  return {
    ...input,
    messages: turns(input.messages),
    tools: input.tools.filter(({ name }) => allowed === undefined || allowed.has(name)),
    model,
    stream,
    streamUsage: stream,
    settings: { ...readSettings(body), ...(choice === undefined ? {} : { toolChoice: choice }) },
    extra: readExtra(body),
    paths,
  };
}

/** Seals come along without being asked for, log probabilities have a neutral word. */
function readExtra(body: Fields): Fields {
  const { include, ...extra } = extraOf(body, KNOWN);
  const more = list(include).filter((each) => each !== 'reasoning.encrypted_content' && each !== LOGPROBS_INCLUDED);
  return more.length === 0 ? extra : { ...extra, include: more };
}

function checkInput(input: unknown): void {
  if (input === undefined || input === null || typeof input === 'string') return;
  if (!Array.isArray(input)) throw new Inexpressible('input', 'Expected a text or a list of items.');
  const wrong = input.findIndex((item) => !isFields(item));
  if (wrong >= 0) throw new Inexpressible(`input.${wrong}`, 'Expected an object.');
}

/** What an assistant thought, said and called between two others is one message. */
function turns(messages: readonly Message[]): readonly Message[] {
  return assistantsJoined(messages).map((message) =>
    message.role === 'assistant' ? { ...message, parts: withCallSeals(message.parts) } : message,
  );
}

function readSettings(body: Fields): Settings {
  const checked = new Checked(body);
  const inText = checked.inside('text');
  return present({
    ...readFields(checked, [...FIELDS, ...LOGPROBS]),
    // Keeping answers is what this API does unless told not to, and no other does unless asked.
    store: checked.flag('store') === true ? true : undefined,
    logprobs: checked.texts('include')?.includes(LOGPROBS_INCLUDED) === true ? true : undefined,
    parallelTools: checked.flag('parallel_tool_calls'),
    format: readFormat(inText.object('format')),
    verbosity: inText.text('verbosity'),
    thinking: readThinking(checked.inside('reasoning')),
  });
}

function readThinking(reasoning: Checked): Settings['thinking'] {
  const effort = reasoning.text('effort');
  const summary = reasoning.text('summary') ?? reasoning.text('generate_summary');
  if (effort === undefined && summary === undefined) return undefined;
  return present({ effort, show: summary === undefined ? undefined : true });
}

/** @throws Inexpressible */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const thinking = ledger.take('thinking');
  const format = ledger.take('format');
  const textConfig = present({ format: format && writeFormat(format), verbosity: ledger.take('verbosity') });
  const { instructions, input, sealed } = writeItems(call, quirks);
  const effort = effortOf(thinking ?? {});
  const reasoning = present({ effort, summary: thinking?.show === true ? 'auto' : undefined });
  const thinks = sealed || (Object.keys(reasoning).length > 0 && effort !== 'none');
  const body = present({
    model,
    instructions,
    input,
    ...writeTools(call, ledger),
    ...writeFields(ledger, FIELDS),
    // Nobody but a caller of this very API expects that the answer is kept.
    store: ledger.take('store') ?? false,
    text: Object.keys(textConfig).length === 0 ? undefined : textConfig,
    reasoning: Object.keys(reasoning).length === 0 ? undefined : reasoning,
    // What is not kept must come along to be brought back. Models that do not think refuse to be asked for it.
    include: thinks ? ['reasoning.encrypted_content'] : undefined,
    ...ledger.takeExtra(OWN),
    stream: stream || undefined,
  });
  return { body, dropped: ledger.dropped() };
}

export function writeFormat(format: OutputFormat): Fields {
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    default:
      return { type: 'json_schema', ...schemaFacts(format) };
  }
}

function writeTools(call: Call, ledger: Ledger): Fields {
  if (call.tools.length === 0) return {};
  return {
    tools: call.tools.map((tool) => {
      if (tool.type !== 'function' && tool.type !== 'custom')
        throw inexpressible(call, tool, `A tool of type ${tool.type}`);
      return writeTool(tool);
    }),
    tool_choice: writeChoice(ledger.take('toolChoice'), call),
    parallel_tool_calls: ledger.take('parallelTools'),
  };
}

/** A definition as this API says it; of a tool that the provider runs as it came. */
export function writeTool(tool: ToolDefinition): Fields {
  const { type, name, description, parameters, strict } = tool;
  if (type === 'custom') return { type, ...customTool(tool, (grammar) => ({ type: 'grammar', ...grammar })) };
  if (type !== 'function') return fields(tool.raw);
  // Strict unless told otherwise, which schemas written for another API need not be.
  return present({ type, name, description, parameters: parameters ?? null, strict: strict ?? false });
}

export function writeChoice(choice: Settings['toolChoice'], { tools }: CallInput): unknown {
  if (typeof choice !== 'object') return choice;
  const custom = tools.some((tool) => tool.name === choice.name && tool.type === 'custom');
  return { type: custom ? 'custom' : 'function', name: choice.name };
}
