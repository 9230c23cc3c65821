// Cohere's chat request (v2): messages in four roles, documents and the like in fields of its own.

import type {
  Call,
  CallInput,
  Message,
  OutputFormat,
  Part,
  Settings,
  Thinking,
  ToolChoice,
  ToolDefinition,
} from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, genericPart, isFields, list, role, text, textPart, toolDefinition, uriPart } from '../read.ts';
import type { Fields } from '../read.ts';
import type { WireRequest } from '../types.ts';
import { present } from '../write.ts';
import { assistantParts } from './answer.ts';
import { FIELDS, READ } from './fields.ts';

export function readInput(value: unknown, paths = new WeakMap<object, string>()): CallInput {
  const body = fields(value);
  const strict = body['strict_tools'] === true;
  const tools = list(body['tools']).map((tool) => readTool(tool, strict));
  for (const [at, tool] of tools.entries()) paths.set(tool, `tools.${at}`);
  return { system: [], messages: list(body['messages']).map((each, at) => readMessage(each, at, paths)), tools };
}

function readMessage(value: unknown, at: number, paths: WeakMap<object, string>): Message {
  const message = fields(value);
  const of = role(message['role']);
  const parts = partsOf(of, message);
  const inList = of !== 'tool' && of !== 'assistant' && Array.isArray(message['content']);
  for (const [index, part] of parts.entries()) paths.set(part, `messages.${at}.content${inList ? `.${index}` : ''}`);
  return { role: of, parts };
}

function partsOf(of: Message['role'], message: Fields): readonly Part[] {
  const { content } = message;
  if (of === 'assistant') return assistantParts(message);
  if (of === 'tool') return [readResult(text(message['tool_call_id']), content)];
  return typeof content === 'string' ? textPart(content) : list(content).map(readContent);
}

function readContent(value: unknown): Part {
  const block = fields(value);
  if (block['type'] === 'text') return { type: 'text', content: text(block['text']) };
  if (block['type'] !== 'image_url') return genericPart(value);
  const { url, detail } = fields(block['image_url']);
  const part = uriPart('image', text(url));
  return typeof detail === 'string' ? ({ ...part, detail } as Part) : part;
}

/** A result is a text, or texts and documents; a document is what the tool found, as an object. */
function readResult(id: string, content: unknown): Part {
  if (!Array.isArray(content)) return { type: 'tool_call_response', id, response: content ?? '' };
  const parts = content.map((block): Part => {
    const { type, text: said } = fields(block);
    return type === 'text' ? { type: 'text', content: text(said) } : genericPart(block);
  });
  const [only] = parts;
  const response = parts.length === 1 && only?.type === 'text' ? only.content : parts;
  return { type: 'tool_call_response', id, response };
}

function readTool(value: unknown, strict: boolean): ToolDefinition {
  const { function: of, type } = fields(value);
  const { name, description, parameters } = fields(of);
  const tool = toolDefinition({ type: text(type) || 'function', name: text(name), description, parameters });
  return { ...tool, ...(strict ? { strict } : {}), ...(isFields(of) ? {} : { raw: value }) };
}

export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = checkedBody(value);
  const paths = new WeakMap<object, string>();
  return {
    ...readInput(body, paths),
    model,
    stream,
    streamUsage: stream,
    settings: readSettings(new Checked(body)),
    extra: Object.fromEntries(Object.entries(body).filter(([name, value]) => !READ.has(name) && value !== null)),
    paths,
  };
}

function readSettings(body: Checked): Settings {
  const plain = FIELDS.map(([setting, field, type]) => [setting, body[type](field)] as const);
  return present({
    ...Object.fromEntries(plain),
    toolChoice: readChoice(body.text('tool_choice')),
    format: readFormat(body.object('response_format')),
    thinking: readThinking(body.object('thinking')),
  });
}

function readChoice(choice: string | undefined): ToolChoice | undefined {
  if (choice === 'REQUIRED') return 'required';
  return choice === 'NONE' ? 'none' : undefined;
}

function readFormat(format: Fields | undefined): OutputFormat | undefined {
  if (format === undefined) return undefined;
  if (format['type'] !== 'json_object') return { type: 'text' };
  const schema = format['json_schema'] ?? format['schema'];
  return schema === undefined || schema === null ? { type: 'json' } : { type: 'schema', schema };
}

function readThinking(thinking: Fields | undefined): Thinking | undefined {
  if (thinking === undefined) return undefined;
  if (thinking['type'] === 'disabled') return { effort: 'none' };
  const budget = thinking['token_budget'];
  return { budget: typeof budget === 'number' ? budget : -1 };
}
