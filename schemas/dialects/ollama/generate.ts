// Ollama's generate: one prompt, one answer. Templates, contexts and suffixes are its own.

import type { BlobPart, Call, CallInput, CallOutput, Part } from '../../call.ts';
import { checkedBody } from '../check.ts';
import { fields, list, readError, reasoningPart, text, textPart } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { Asked, CallTarget, WireRequest, WrittenCall } from '../types.ts';
import { Ledger, inexpressible, present } from '../write.ts';
import { streams } from './chat.ts';
import {
  otherOptions,
  readFinish,
  readImage,
  readSettings,
  readUsage,
  stamp,
  writeFinish,
  writeFormat,
  writeOptions,
  writeThink,
  writeUsage,
} from './options.ts';

const READ: ReadonlySet<string> = new Set(
  'format images logprobs model options prompt stream system think top_logprobs'.split(' '),
);
/** Fields that only Ollama knows. */
const OWN: ReadonlySet<string> = new Set([
  'context',
  'height',
  'keep_alive',
  'raw',
  'shift',
  'steps',
  'suffix',
  'template',
  'truncate',
  'width',
]);

export function readInput(value: unknown): CallInput {
  const body = fields(value);
  const parts = [...textPart(text(body['prompt'])), ...list(body['images']).map(readImage)];
  return {
    system: textPart(text(body['system'])),
    messages: parts.length === 0 ? [] : [{ role: 'user', parts }],
    tools: [],
  };
}

export function readCall({ body: value, model }: WireRequest): Call {
  const body = checkedBody(value);
  const input = readInput(body);
  const paths = new WeakMap<object, string>();
  for (const part of input.messages.flatMap(({ parts }) => parts))
    paths.set(part, part.type === 'text' ? 'prompt' : 'images');
  const others = Object.entries(body).filter(([name, value]) => !READ.has(name) && value !== null);
  return {
    ...input,
    model: text(body['model']) || model,
    stream: streams(body),
    streamUsage: streams(body),
    settings: readSettings(body),
    extra: { ...Object.fromEntries(others), ...otherOptions(body) },
    paths,
  };
}

/** @throws Inexpressible for what is more than one prompt */
export function writeCall(call: Call, { model, stream, quirks }: CallTarget): WrittenCall {
  const ledger = new Ledger(call, quirks);
  const instructions = call.messages.filter(({ role }) => role === 'system' || role === 'developer');
  const [prompt, more] = call.messages.filter(({ role }) => role !== 'system' && role !== 'developer');
  if (more !== undefined || (prompt !== undefined && prompt.role !== 'user'))
    throw new Inexpressible('messages', 'This model takes one prompt and no conversation.');
  const [tool] = call.tools;
  if (tool !== undefined) throw inexpressible(call, tool, 'A tool');
  const { format, instruction } = writeFormat(ledger, quirks.noJsonSchema === true);
  const system = [...call.system, ...instructions.flatMap(({ parts }) => parts)].map((part) => textOf(part, call));
  const images = (prompt?.parts ?? []).filter(isImage);
  const words = (prompt?.parts ?? []).filter((part) => !isImage(part)).map((part) => textOf(part, call));
  const told = [...system, ...(instruction === undefined ? [] : [instruction])].join('\n\n');
  const body = {
    model,
    prompt: words.join('\n\n'),
    stream,
    ...(told === '' ? {} : { system: told }),
    ...(images.length > 0 ? { images: images.map(({ content }) => content) } : {}),
    ...present({ format, think: writeThink(ledger.take('thinking')) }),
    ...writeOptions(ledger),
    ...ledger.takeExtra(OWN),
  };
  return { body, dropped: ledger.dropped() };
}

function isImage(part: Part): part is BlobPart {
  return part.type === 'blob' && part.modality === 'image';
}

function textOf(part: Part, call: Call): string {
  if (part.type === 'text') return part.content;
  throw inexpressible(call, part, 'modality' in part ? `This ${part.modality}` : `The part "${part.type}"`);
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const { response, thinking, done, done_reason, model } = body;
  const error = readError(body);
  const parts = [...reasoningPart(text(thinking)), ...textPart(text(response))];
  const answered = typeof response === 'string';
  return {
    messages: answered ? [{ role: 'assistant', parts, finish_reason: readFinish(done_reason, false) }] : [],
    usage: readUsage(body),
    model: text(model),
    id: '',
    complete: done === true || error !== undefined,
    error,
  };
}

export function writeOutput({ messages, model, usage }: CallOutput, asked: Asked): Fields {
  const [message] = messages;
  const said = (type: Part['type']) =>
    (message?.parts ?? []).flatMap((part) => (part.type === type && 'content' in part ? [part.content] : [])).join('');
  const thinking = said('reasoning');
  return {
    model: model || asked.model,
    created_at: stamp(asked.created),
    response: said('text') + said('refusal'),
    ...(thinking === '' ? {} : { thinking }),
    done: true,
    done_reason: writeFinish(message?.finish_reason ?? 'error'),
    ...(usage === undefined ? {} : writeUsage(usage)),
  };
}
