// The conversation as Google wants it: instructions apart, the model's parts, results of functions in the user's turn.

import type { Call, Message, Part, ToolCallPart, ToolResultPart } from '../../call.ts';
import { argumentsObject, inexpressible, jsonText, present, resultParts } from '../write.ts';
import type { GeminiTraits } from './models.ts';

export type WirePart = Record<string, unknown>;
interface WireContent {
  readonly role: 'user' | 'model';
  readonly parts: readonly WirePart[];
}

/** What Google itself says stands for a signature that was never there. */
const NO_SIGNATURE = 'skip_thought_signature_validator';
/** Parts that only this API has. */
const OWN_PART: ReadonlySet<string> = new Set([
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
  'audioTranscription',
]);

interface Written {
  readonly systemInstruction?: { readonly parts: readonly WirePart[] };
  readonly contents: readonly WireContent[];
}

interface Options {
  readonly traits: GeminiTraits;
  /** One more, for what has no setting. */
  readonly instruction: string | undefined;
}

/** @throws Inexpressible */
export function writeContents(call: Call, { traits, instruction }: Options): Written {
  const calls = call.messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool_call'));
  const context: Context = { call, traits, names: new Map(calls.map(({ id, name }) => [id, name])) };
  const instructions = call.messages.filter(isInstruction).flatMap(({ parts }) => parts);
  const system = textParts(call, [...call.system, ...instructions]);
  if (instruction !== undefined) system.push({ text: instruction });
  const contents = turns(call.messages)
    .map((message): WireContent => ({
      role: message.role === 'assistant' ? 'model' : 'user',
      parts: messageParts(context, message),
    }))
    .filter(({ parts }) => parts.length > 0);
  // Instructions alone are no conversation to the API: then they are what the user says.
  if (contents.length === 0) return { contents: [{ role: 'user', parts: system }] };
  return { ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }), contents };
}

/** What is said, the results of one turn as one message: the API counts them against the calls. */
function turns(messages: readonly Message[]): readonly Message[] {
  const out: { role: Message['role']; parts: Part[] }[] = [];
  for (const message of messages) {
    if (isInstruction(message)) continue;
    const last = out.at(-1);
    if (message.role === 'tool' && last?.role === 'tool') last.parts.push(...message.parts);
    else out.push({ role: message.role, parts: [...message.parts] });
  }
  return out;
}

function isInstruction({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

interface Context {
  readonly call: Call;
  readonly traits: GeminiTraits;
  /** Of the functions that were called, by the id of the call. */
  readonly names: ReadonlyMap<string, string>;
}

function textParts(call: Call, parts: readonly Part[]): WirePart[] {
  return parts.flatMap((part) => {
    if (part.type !== 'text') throw inexpressible(call, part, 'This kind of instruction');
    return part.content.trim() === '' ? [] : [{ text: part.content }];
  });
}

function messageParts(context: Context, message: Message): WirePart[] {
  const parts = message.parts.flatMap((part) => requestParts(context, part));
  if (!context.traits.signedCalls || message.role !== 'assistant') return parts;
  // Of calls beside each other only the first is signed.
  const at = parts.findIndex((part) => part['functionCall'] !== undefined);
  const first = parts[at];
  if (first !== undefined) parts[at] = { thoughtSignature: NO_SIGNATURE, ...first };
  return parts;
}

function requestParts(context: Context, part: Part): readonly WirePart[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return textPart(part);
    case 'reasoning':
      // A thought goes back to its maker only.
      return part.seal?.family === 'gemini' ? [{ text: part.content, thought: true, ...signatureOf(part) }] : [];
    case 'tool_call':
      return [{ ...functionCall(part), ...signatureOf(part) }];
    case 'tool_call_response':
      return functionResponse(context, part);
    case 'generic':
      if (OWN_PART.has(part.generic_type)) return [part.content as WirePart];
      throw inexpressible(context.call, part, `A part of type ${part.generic_type}`);
    default:
      return [media(context.call, part)];
  }
}

/** Blank texts are left out: the API refuses them, but where they only carry a signature. */
function textPart(part: Extract<Part, { type: 'text' | 'refusal' }>): readonly WirePart[] {
  const signature = part.type === 'text' ? signatureOf(part) : {};
  const blank = part.content.trim() === '' && signature['thoughtSignature'] === undefined;
  return blank ? [] : [{ text: part.content, ...signature }];
}

function signatureOf({ seal }: { readonly seal?: { readonly family: string; readonly value: string } }): WirePart {
  return seal?.family === 'gemini' ? { thoughtSignature: seal.value } : {};
}

export function functionCall(part: ToolCallPart): WirePart {
  return { functionCall: { id: part.id, name: part.name, args: argumentsObject(part.arguments) } };
}

/** A text under `output` or `error`, an object as it is; images inside where the model takes them, else beside. */
function functionResponse({ call, traits, names }: Context, part: ToolResultPart): readonly WirePart[] {
  const parts = resultParts(part.response);
  const words = parts.filter((each) => each.type === 'text');
  const seen = parts.filter((each) => each.type !== 'text').map((each) => media(call, each));
  const plain = seen.length === 0 && words.length === 1;
  const said = plain ? part.response : words.map(({ content }) => content).join('\n');
  const inside = seen.length > 0 && traits.mediaResults;
  const response = {
    functionResponse: present({
      id: part.id,
      name: part.name ?? names.get(part.id) ?? part.id,
      response: part.is_error ? { error: jsonText(said) } : outputOf(said),
      parts: inside ? seen : undefined,
    }),
  };
  return inside ? [response] : [response, ...seen];
}

function outputOf(said: unknown): Record<string, unknown> {
  if (typeof said !== 'object' || said === null) return { output: said };
  return Array.isArray(said) ? { output: resultText(said) } : (said as Record<string, unknown>);
}

/** Parts that are one text are that text. */
function resultText(said: readonly unknown[]): unknown {
  const [only] = resultParts(said);
  return only?.type === 'text' && said.length === 1 ? only.content : said;
}

function media(call: Call, part: Part): WirePart {
  switch (part.type) {
    case 'blob':
      return { inlineData: present({ mimeType: part.mime_type, data: part.content, displayName: part.name }) };
    case 'uri':
      return {
        fileData: present({ fileUri: part.uri, mimeType: part.mime_type ?? guessed(part.uri), displayName: part.name }),
      };
    default:
      // Files live in one account.
      throw inexpressible(
        call,
        part,
        part.type === 'file' ? `The file ${part.file_id}` : `A part of type ${part.type}`,
      );
  }
}

const MIME_TYPES: ReadonlyMap<string, string> = new Map([
  ['gif', 'image/gif'],
  ['jpeg', 'image/jpeg'],
  ['jpg', 'image/jpeg'],
  ['mp3', 'audio/mp3'],
  ['mp4', 'video/mp4'],
  ['pdf', 'application/pdf'],
  ['png', 'image/png'],
  ['wav', 'audio/wav'],
  ['webp', 'image/webp'],
]);

/** By the ending of an address; the API finds it out itself where there is none. */
function guessed(uri: string): string | undefined {
  const ending = /\.([a-z\d]+)(?:[?#]|$)/i.exec(uri)?.[1];
  return MIME_TYPES.get((ending ?? '').toLowerCase());
}
