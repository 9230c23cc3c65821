// The small tools that every dialect writes with, and the one rule of what may be left out of a translation: what the
// caller would not miss is dropped and named, what changes the meaning is refused with the place in the request.

import type { Call, Part, SettingName, Settings } from '../call.ts';
import { isFields } from './read.ts';
import type { Fields } from './read.ts';
import { Inexpressible } from './types.ts';
import type { Quirks } from './types.ts';

/** Fields of one API that no other has, and without which the answer would be another one. */
const HARMFUL_EXTRA: ReadonlySet<string> = new Set([
  'audio',
  'background',
  'best_of',
  'cachedContent',
  'container',
  'context',
  'conversation',
  'documents',
  'echo',
  'generationConfig.responseFormat',
  'generationConfig.responseModalities',
  'generationConfig.speechConfig',
  'guardrailConfig',
  'modalities',
  'previous_response_id',
  'prompt',
  'promptVariables',
  'raw',
  'suffix',
  'template',
  'toolConfig.allowedFunctionNames',
]);

/** What a setting is worth to the caller: says nothing, can be missed, cannot be missed. */
function weight(name: SettingName, { settings, tools }: Call): 'nothing' | 'harmless' | 'harm' {
  const matters = (yes: boolean) => (yes ? 'harm' : 'nothing');
  switch (name) {
    case 'n':
      return matters((settings.n ?? 1) > 1);
    case 'stop':
      return matters((settings.stop ?? []).length > 0);
    case 'logprobs':
      return matters(settings.logprobs === true);
    case 'toolChoice':
      return matters(tools.length > 0 && settings.toolChoice !== 'auto');
    case 'parallelTools':
      return matters(tools.length > 0 && settings.parallelTools === false);
    case 'format':
      return matters(settings.format?.type !== 'text');
    default:
      return 'harmless';
  }
}

/** Keeps the account of one written call: which settings were said, and which were left out. */
export class Ledger {
  readonly #call: Call;
  readonly #lacks: ReadonlySet<string>;
  readonly #taken = new Set<string>();
  readonly #dropped = new Set<string>();

  constructor(call: Call, { lacks = [] }: Quirks) {
    this.#call = call;
    this.#lacks = new Set(lacks);
  }

  /** The setting, for who says it; undefined where it was not asked or the server refuses it. */
  take<Name extends SettingName>(name: Name): Settings[Name] | undefined {
    if (this.#lacks.has(name)) return undefined;
    this.#taken.add(name);
    return this.#call.settings[name];
  }

  /** The fields without a neutral word that this dialect calls its own. */
  takeExtra(own: ReadonlySet<string>): Record<string, unknown> {
    const mine = Object.entries(this.#call.extra).filter(([name]) => own.has(name));
    for (const [name] of mine) this.#taken.add(name);
    return Object.fromEntries(mine);
  }

  /** Leaves something out that does no harm, though it was taken. */
  drop(name: string): void {
    this.#dropped.add(name);
  }

  /**
   * The names of what nobody took.
   * @throws Inexpressible where leaving it out changes what the caller asked for
   */
  dropped(): readonly string[] {
    const { settings, extra } = this.#call;
    for (const name of Object.keys(settings) as SettingName[]) {
      if (this.#taken.has(name) || settings[name] === undefined) continue;
      const worth = weight(name, this.#call);
      if (worth === 'harm') throw new Inexpressible(name, 'The provider of this model has no way to say this.');
      if (worth === 'harmless') this.#dropped.add(name);
    }
    for (const [name, value] of Object.entries(extra)) {
      if (this.#taken.has(name) || saysNothing(value)) continue;
      if (HARMFUL_EXTRA.has(name)) throw new Inexpressible(name, 'Only the API that this field comes from knows it.');
      this.#dropped.add(name);
    }
    return [...this.#dropped];
  }
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

/** The error of a part or tool that cannot be said, with its place in the caller's request. */
export function inexpressible(call: Call, thing: object, what: string): Inexpressible {
  return new Inexpressible(call.paths.get(thing) ?? '', `${what} cannot be passed on to the provider of this model.`);
}

/** The fields that have a value. */
export function present(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The result of a tool as parts: neutral parts as they are, a text as one, any other value as its JSON. */
export function resultParts(response: unknown): readonly Part[] {
  if (Array.isArray(response) && response.length > 0 && response.every(isPart)) return response;
  return [{ type: 'text', content: jsonText(response) }];
}

/** A text as it is, anything else as JSON. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const RESULT_PARTS: ReadonlySet<unknown> = new Set(['text', 'uri', 'blob', 'file', 'generic']);

function isPart(value: unknown): value is Part {
  if (!isFields(value) || !RESULT_PARTS.has(value['type'])) return false;
  return value['type'] === 'text' ? typeof value['content'] === 'string' : true;
}

/** Tool arguments as a JSON object, for dialects that take nothing else. */
export function argumentsObject(value: unknown): Fields {
  if (isFields(value)) return value;
  return value === undefined || value === null || value === '' ? {} : { input: value };
}

/** What asks for JSON in words, where a server has no setting for it. */
export function jsonInstruction(schema: unknown): string {
  if (schema === undefined) return 'Answer with one JSON value and nothing else.';
  return `Answer with one JSON value that is valid against this JSON Schema, and nothing else.\n${JSON.stringify(schema)}`;
}

/** Something seen or heard, for a reader who takes only text. */
export function partAsText(
  part: Extract<Part, { type: 'uri' | 'blob' | 'file' } | { type: 'tool_call_response' }>,
): string {
  switch (part.type) {
    case 'uri':
      return `![${part.modality}](${part.uri})`;
    case 'blob':
      return `![${part.modality}](data:${part.mime_type};base64,${part.content})`;
    case 'file':
      return `[${part.modality} ${part.file_id}]`;
    default:
      return jsonText(part.response);
  }
}

/** The result of a tool that failed, for dialects that have no mark for it. */
export function failedText(text: string): string {
  return /^\s*error/i.test(text) ? text : `Error: ${text}`;
}
