// Parts of a content, read.

import type { Modality, Part } from '../../call.ts';
import { fields, isFields, list, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { google } from '../google.ts';
import { sealOf } from './signatures.ts';

/** @param value a part as it came ; @returns no part where there is nothing in it */
export function readPart(value: unknown): Part | undefined {
  const part = google(value);
  if (typeof part['text'] === 'string') return textPart(part, part['text']);
  const medium = readMedium(part);
  if (medium !== undefined) return medium;
  if (isFields(part['functionCall'])) return functionCall(part);
  if (isFields(part['functionResponse'])) return functionResponse(google(part['functionResponse']));
  const kind = Object.keys(part).find((name) => isFields(part[name]));
  if (kind !== undefined) return { type: 'generic', generic_type: kind, content: value };
  const { seal } = sealOf(part['thoughtSignature']);
  return seal === undefined ? undefined : { type: 'text', content: '', seal };
}

function readMedium(part: Fields): Part | undefined {
  if (isFields(part['inlineData'])) return blob(google(part['inlineData']));
  return isFields(part['fileData']) ? uri(google(part['fileData'])) : undefined;
}

function textPart(part: Fields, content: string): Part | undefined {
  const seal = sealOf(part['thoughtSignature']);
  const thought = part['thought'] === true;
  if (content === '' && seal.seal === undefined) return undefined;
  return thought ? { type: 'reasoning', content, ...seal } : { type: 'text', content, ...seal };
}

/** The kind of a medium by its MIME type. */
export function modalityOf(mimeType: string): Modality {
  const kind = mimeType.slice(0, mimeType.indexOf('/'));
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

function blob(data: Fields): Part {
  const mimeType = text(data['mimeType']);
  return {
    type: 'blob',
    modality: modalityOf(mimeType),
    mime_type: mimeType,
    content: text(data['data']),
    ...nameOf(data),
  };
}

function uri(data: Fields): Part {
  const mimeType = text(data['mimeType']);
  return {
    type: 'uri',
    modality: modalityOf(mimeType),
    uri: text(data['fileUri']),
    ...(mimeType === '' ? {} : { mime_type: mimeType }),
    ...nameOf(data),
  };
}

function nameOf({ displayName }: Fields): { name?: string } {
  return typeof displayName === 'string' && displayName !== '' ? { name: displayName } : {};
}

/** Without an id, where the API gave none: whoever knows the conversation numbers it. */
function functionCall(part: Fields): Part {
  const call = google(part['functionCall']);
  return {
    type: 'tool_call',
    id: text(call['id']),
    name: text(call['name']),
    arguments: call['args'] ?? {},
    ...sealOf(part['thoughtSignature']),
  };
}

function functionResponse(given: Fields): Part {
  const said = fields(given['response']);
  const only = Object.keys(said).length === 1;
  const failed = only && 'error' in said;
  const value = only && 'output' in said ? said['output'] : failed ? said['error'] : said;
  const media = list(given['parts']).flatMap((part) => readMedium(google(part)) ?? []);
  const words: readonly Part[] =
    value === '' ? [] : [{ type: 'text', content: typeof value === 'string' ? value : JSON.stringify(value) }];
  return {
    type: 'tool_call_response',
    id: text(given['id']),
    name: text(given['name']),
    response: media.length === 0 ? value : [...words, ...media],
    ...(failed ? { is_error: true } : {}),
  };
}
