// A generateContent request, read. Model and stream stand in its path.

import type { Call, CallInput, Message, Part, ToolDefinition } from '../../call.ts';
import { Checked, checkedBody } from '../check.ts';
import { fields, isFields, list, splitResults, text, toolDefinition } from '../read.ts';
import type { Fields } from '../read.ts';
import type { WireRequest } from '../types.ts';
import { google } from '../google.ts';
import { readPart } from './parts.ts';
import { jsonSchema } from './schema.ts';
import { readExtra, readSettings } from './settings.ts';

type Paths = WeakMap<object, string>;

/** The conversation of a request; anything goes. */
export function readInput(value: unknown): CallInput {
  return inputOf(google(value), new WeakMap());
}

/** @throws Inexpressible */
export function readCall({ body: value, model, stream }: WireRequest): Call {
  const body = google(checkedBody(value));
  const checked = new Checked(body);
  checked.list('contents');
  checked.list('tools');
  const paths: Paths = new WeakMap();
  return {
    model,
    stream,
    streamUsage: stream,
    ...inputOf(body, paths),
    settings: readSettings(body),
    extra: readExtra(body),
    paths,
  };
}

function inputOf(body: Fields, paths: Paths): CallInput {
  const contents = list(body['contents']).map((content, at) => readContent(content, `contents.${at}`, paths));
  return {
    system: partsOf(body['systemInstruction'], 'systemInstruction', paths),
    messages: withIds(joined(contents.flatMap(splitResults), paths), paths),
    tools: list(body['tools']).flatMap((tool, at) => readTools(google(tool), `tools.${at}`, paths)),
  };
}

function readContent(value: unknown, path: string, paths: Paths): Message {
  const { role } = fields(value);
  return { role: role === 'model' ? 'assistant' : 'user', parts: partsOf(value, path, paths) };
}

/** Of a content; a text alone is taken for one. */
function partsOf(content: unknown, path: string, paths: Paths): readonly Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  return list(fields(content)['parts']).flatMap((value, at) => {
    const part = readPart(value);
    if (part === undefined) return [];
    paths.set(part, `${path}.parts.${at}`);
    return [part];
  });
}

/** The official client keeps every chunk of a streamed answer as a content of its own: they are one message. */
function joined(messages: readonly Message[], paths: Paths): readonly Message[] {
  const out: { role: Message['role']; parts: Part[] }[] = [];
  for (const { role, parts } of messages) {
    const last = out.at(-1);
    if (role !== 'assistant' || last?.role !== role) out.push({ role, parts: [] });
    const into = out.at(-1)?.parts ?? [];
    for (const part of parts) if (role !== 'assistant' || !grows(into, part, paths)) into.push(part);
  }
  return out;
}

/** Whether the part only went on with the one before, which now holds both. */
function grows(parts: Part[], part: Part, paths: Paths): boolean {
  const last = parts.at(-1);
  if (last === undefined || (part.type !== 'text' && part.type !== 'reasoning')) return false;
  if (last.type !== part.type || last.seal !== undefined) return false;
  parts[parts.length - 1] = instead(last, { ...last, ...part, content: last.content + part.content }, paths);
  return true;
}

/** The second in the place of the first. */
function instead(before: Part, after: Part, paths: Paths): Part {
  const path = paths.get(before);
  if (path !== undefined) paths.set(after, path);
  return after;
}

/** Calls without ids get numbers; results without ids belong to the oldest open call of their name, else of any. */
function withIds(messages: readonly Message[], paths: Paths): readonly Message[] {
  let next = 0;
  const open: { id: string; name: string }[] = [];
  const take = (fits: (call: { id: string; name: string }) => boolean): string | undefined => {
    const at = open.findIndex(fits);
    return at < 0 ? undefined : open.splice(at, 1)[0]?.id;
  };
  const numbered = (part: Part): Part => {
    if (part.type === 'tool_call') {
      const id = part.id || `call_${next++}`;
      open.push({ id, name: part.name });
      return part.id === id ? part : instead(part, { ...part, id }, paths);
    }
    if (part.type !== 'tool_call_response') return part;
    if (part.id !== '') {
      take(({ id }) => id === part.id);
      return part;
    }
    const id = take(({ name }) => name === part.name) ?? take(() => true) ?? `call_${next++}`;
    return instead(part, { ...part, id }, paths);
  };
  return messages.map((message) => ({ ...message, parts: message.parts.map(numbered) }));
}

/** One tool of the API holds many functions, or some that Google runs. */
function readTools(tool: Fields, path: string, paths: Paths): readonly ToolDefinition[] {
  return Object.entries(tool).flatMap(([kind, value]) => {
    if (kind !== 'functionDeclarations') {
      const own: ToolDefinition = { type: kind, name: kind, raw: { [kind]: value } };
      paths.set(own, `${path}.${kind}`);
      return isFields(value) ? [own] : [];
    }
    return list(value).map((declaration, at) => {
      const definition = readFunction(google(declaration));
      paths.set(definition, `${path}.${kind}.${at}`);
      return definition;
    });
  });
}

function readFunction(declaration: Fields): ToolDefinition {
  return toolDefinition({
    type: 'function',
    name: text(declaration['name']),
    description: declaration['description'],
    parameters: declaration['parametersJsonSchema'] ?? jsonSchema(declaration['parameters']),
  });
}
