// What a model thought, as chat servers say it: a text (`reasoning_content`, `reasoning`), or `reasoning_details`, which
// has the seals too. Seals of other families travel in the details, so that a client which echoes its assistant's message
// brings them back whole.

import type { ReasoningPart, Seal, SealFamily } from '../../call.ts';
import { fields, list, text } from '../read.ts';
import type { Fields } from '../read.ts';

const FORMATS: Readonly<Record<SealFamily, string>> = {
  anthropic: 'anthropic-claude-v1',
  gemini: 'google-gemini-v1',
  openai: 'openai-responses-v1',
};

/** One entry of `reasoning_details`, read. */
export interface Detail {
  /** Entries of one thought have one key; '' belongs to no other. */
  readonly key: string;
  readonly text: string;
  readonly seal: Seal | undefined;
}

export function readDetail(value: unknown): Detail {
  const entry = fields(value);
  const { index } = entry;
  const id = text(entry['id']);
  const place = typeof index === 'number' ? `at:${index}` : entry['type'] === 'reasoning.encrypted' ? '' : 'text';
  return {
    key: id === '' ? place : `id:${id}`,
    text: text(entry['text']) || text(entry['summary']),
    seal: sealOf(entry, id),
  };
}

/** Undefined also where nobody knows whose it is. */
function sealOf(entry: Fields, id: string): Seal | undefined {
  const value = text(entry['signature']) || text(entry['data']);
  const format = text(entry['format']) || FORMATS.anthropic;
  const family = Object.entries(FORMATS).find(([, name]) => name === format)?.[0] as SealFamily | undefined;
  if (value === '' || family === undefined) return undefined;
  return { family, value, ...(id === '' ? {} : { id }) };
}

export function plainThought(message: Fields): string {
  return text(message['reasoning_content']) || text(message['reasoning']);
}

/** The thoughts of a whole message. */
export function readThoughts(message: Fields): readonly ReasoningPart[] {
  const thoughts = new Map<string, { content: string; seal: Seal | undefined }>();
  for (const [at, value] of list(message['reasoning_details']).entries()) {
    const detail = readDetail(value);
    const known = thoughts.get(detail.key);
    if (known === undefined || (known.seal !== undefined && detail.seal !== undefined)) {
      const free = detail.key === '' || known !== undefined;
      thoughts.set(free ? `${detail.key}#${at}` : detail.key, { content: detail.text, seal: detail.seal });
    } else {
      known.content += detail.text;
      known.seal = detail.seal ?? known.seal;
    }
  }
  const sealed = [...thoughts.values()].flatMap(({ content, seal }) => thought(content, seal));
  return sealed.length > 0 ? sealed : thought(plainThought(message), undefined);
}

function thought(content: string, seal: Seal | undefined): ReasoningPart[] {
  if (seal === undefined) return content === '' ? [] : [{ type: 'reasoning', content }];
  return [{ type: 'reasoning', content, seal, ...(content === '' ? { redacted: true } : {}) }];
}

/** One thought as entries of `reasoning_details`. */
export function writeDetails({ content, seal }: ReasoningPart, index: number): readonly Fields[] {
  const about = seal === undefined ? { index } : { ...idOf(seal), format: FORMATS[seal.family], index };
  const said = { type: 'reasoning.text', text: content, ...about };
  if (seal === undefined) return content === '' ? [] : [said];
  const encrypted = { type: 'reasoning.encrypted', data: seal.value, ...about };
  if (content === '') return [encrypted];
  if (seal.family !== 'openai') return [{ ...said, signature: seal.value }];
  return [{ type: 'reasoning.summary', summary: content, ...about }, encrypted];
}

function idOf({ id }: Seal): { readonly id?: string } {
  return id === undefined ? {} : { id };
}

/** Google's place for the seal of a tool call. */
export function sealContent(seal: Seal | undefined): Fields {
  if (seal?.family !== 'gemini') return {};
  return { extra_content: { google: { thought_signature: seal.value } } };
}

export function readSealContent(call: Fields): { readonly seal?: Seal } {
  const value = text(fields(fields(call['extra_content'])['google'])['thought_signature']);
  return value === '' ? {} : { seal: { family: 'gemini', value } };
}
