// What OpenAI's dialects share: the settings of one name, tools and their choice, formats, citations, audio. Where one
// wraps a thing (`{type: 'function', function: {name}}`) and another does not, the reader takes both.

import type {
  BlobPart,
  Call,
  Citation,
  Message,
  OutputFormat,
  Part,
  SettingName,
  Settings,
  ToolChoice,
  ToolDefinition,
} from '../call.ts';
import type { Checked } from './check.ts';
import { fields, isFields, list, text, toolDefinition } from './read.ts';
import type { Fields } from './read.ts';
import { Inexpressible } from './types.ts';
import { inexpressible, jsonText, present } from './write.ts';
import type { Ledger } from './write.ts';

/** A setting, its name in the dialect, its type. */
export type SettingField = readonly [
  setting: SettingName,
  field: string,
  type: 'number' | 'text' | 'flag' | 'object' | 'texts',
];

export const COMMON_FIELDS: readonly SettingField[] = [
  ['temperature', 'temperature', 'number'],
  ['topP', 'top_p', 'number'],
  ['user', 'user', 'text'],
];

/** @throws Inexpressible where one has another type */
export function readFields(body: Checked, table: readonly SettingField[]): Settings {
  return present(Object.fromEntries(table.map(([setting, field, type]) => [setting, body[type](field)])));
}

export function writeFields(ledger: Ledger, table: readonly SettingField[]): Fields {
  return Object.fromEntries(table.map(([setting, field]) => [field, ledger.take(setting)]));
}

export function namesOf(table: readonly SettingField[]): Partial<Record<SettingName, string>> {
  return Object.fromEntries(table.map(([setting, field]) => [setting, field]));
}

/** Everything but these fields, and but those that say nothing. */
export function extraOf(body: Fields, known: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !known.has(name) && value !== null));
}

export interface Chosen {
  readonly choice: ToolChoice | undefined;
  /** Only these tools may be called. */
  readonly allowed?: ReadonlySet<string>;
}

/** @throws Inexpressible where it chooses a tool that the provider runs */
export function readToolChoice(value: unknown): Chosen {
  if (value === undefined || value === null) return { choice: undefined };
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: value };
  if (value === 'any') return { choice: 'required' };
  const choice = fields(value);
  const type = text(choice['type']);
  if (type === 'allowed_tools') {
    const inner = isFields(choice[type]) ? choice[type] : choice;
    const allowed = new Set(list(inner['tools']).map((each) => nameOf(fields(each))));
    return { choice: inner['mode'] === 'required' ? 'required' : 'auto', allowed };
  }
  const name = nameOf(choice);
  if (name !== '' && ['function', 'custom', ''].includes(type)) return { choice: { name } };
  throw new Inexpressible('toolChoice', 'Only `auto`, `none`, `required` and a tool by its name can be passed on.');
}

function nameOf(tool: Fields): string {
  return text(tool['name']) || text(fields(tool[text(tool['type'])])['name']);
}

export function readTool(value: unknown): ToolDefinition {
  const definition = fields(value);
  const type = text(definition['type']) || 'function';
  const inner = isFields(definition[type]) ? definition[type] : definition;
  const { description, parameters, strict } = inner;
  return toolDefinition({ type, name: text(inner['name']) || type, description, parameters, strict, raw: value });
}

/** The facts of a custom tool, which takes free text; one dialect has its grammar inside a field of its own. */
export function customTool({ raw, name }: ToolDefinition, writeGrammar: (grammar: Fields) => Fields): Fields {
  const definition = fields(raw);
  const { description, format } = isFields(definition['custom']) ? definition['custom'] : definition;
  const { type, grammar, syntax, definition: rules } = fields(format);
  if (type !== 'grammar') return present({ name, description, format });
  return present({
    name,
    description,
    format: writeGrammar(isFields(grammar) ? grammar : { syntax, definition: rules }),
  });
}

/** Neighbouring messages of an assistant as one: the results of tools follow the one message that called them. */
export function assistantsJoined(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (message.role !== 'assistant' || last?.role !== 'assistant') joined.push(message);
    else joined[joined.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
  }
  return joined;
}

/** The names of the tools that take free text. */
export function customNames({ tools }: Call): ReadonlySet<string> {
  return new Set(tools.filter(({ type }) => type === 'custom').map(({ name }) => name));
}

/** Tool arguments as they travel: JSON in a string. */
export function argumentsText(value: unknown): string {
  return value === undefined ? '{}' : jsonText(value);
}

/** @throws Inexpressible where it is a kind of format that only one server knows */
export function readFormat(value: unknown): OutputFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = fields(value);
  switch (format['type']) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return schemaFormat(isFields(format['json_schema']) ? format['json_schema'] : format);
    default:
      throw new Inexpressible('format.type', 'Expected `text`, `json_object` or `json_schema`.');
  }
}

function schemaFormat({ schema, name, description, strict }: Fields): OutputFormat {
  return {
    type: 'schema',
    schema: schema ?? {},
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
}

/** The facts of a JSON schema format; a name is demanded. */
export function schemaFacts(format: Extract<OutputFormat, { type: 'schema' }>): Fields {
  const { schema, name = 'answer', description, strict } = format;
  return present({ name, description, schema, strict });
}

/** The citations among annotations, where there are any. */
export function citationsOf(annotations: unknown): { readonly citations?: readonly Citation[] } {
  const citations = list(annotations)
    .map(readCitation)
    .filter((each): each is Citation => each !== undefined);
  return citations.length === 0 ? {} : { citations };
}

/** `url_citation` as it stands, or inside a field of its name. */
export function readCitation(value: unknown): Citation | undefined {
  const annotation = fields(value);
  if (annotation['type'] !== 'url_citation') return undefined;
  const inner = isFields(annotation['url_citation']) ? annotation['url_citation'] : annotation;
  const { url, title, start_index: start, end_index: end } = inner;
  return {
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof title === 'string' && title !== '' ? { title } : {}),
    ...(typeof start === 'number' ? { start } : {}),
    ...(typeof end === 'number' ? { end } : {}),
  };
}

/** Undefined for what is no address: only addresses can be cited here. `at`: where its text begins; `end`: where it ends. */
export function writeCitation(citation: Citation, at: number, end: number): Fields | undefined {
  if (citation.url === undefined) return undefined;
  return {
    url: citation.url,
    title: citation.title ?? '',
    start_index: at + (citation.start ?? 0),
    end_index: citation.end === undefined ? end : at + citation.end,
  };
}

export function readAudio(value: unknown): Part {
  const audio = fields(value);
  const format = text(audio['format']) || 'wav';
  return { type: 'blob', modality: 'audio', mime_type: `audio/${format}`, content: text(audio['data']) };
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ['audio/mpeg', 'mp3'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
]);

export function writeAudio({ content, mime_type: mime }: BlobPart): Fields {
  return { data: content, format: AUDIO_FORMATS.get(mime) ?? mime.slice(mime.indexOf('/') + 1) };
}

export function dataUrl({ mime_type: mime, content }: BlobPart): string {
  return `data:${mime};base64,${content}`;
}

/** How closely to look at an image, where that was said. */
export function detailOf(value: unknown): { readonly detail?: string } {
  return typeof value === 'string' && value !== 'auto' ? { detail: value } : {};
}

/** @throws Inexpressible */
export function textOf(part: Part, call: Call): string {
  if (part.type === 'text' || part.type === 'refusal') return part.content;
  throw inexpressible(call, part, `A part of type ${part.type} here`);
}
