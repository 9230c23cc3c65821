// Thoughts in Converse's blocks: signed, or hidden. Converse passes Anthropic's signatures on as they are; seals of
// others travel to its clients under a mark, and come back whole.

import type { Part, ReasoningPart, Seal } from '../../call.ts';
import { fields, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { readSeal, writeSeal } from '../seals.ts';
import { present } from '../write.ts';

const OWN = 'anthropic';
/** The id of a seal that belongs to the call behind it: `toolUse` has no place for one. */
const OF_CALL = '+call';

/** @param content of a `reasoningContent` block */
export function readThought(content: Fields): ReasoningPart {
  const { reasoningText, redactedContent } = content;
  if (typeof redactedContent === 'string') return hiddenThought(redactedContent);
  const { text: thought, signature } = fields(reasoningText);
  const seal = readSeal(text(signature), OWN);
  return { type: 'reasoning', content: text(thought), ...(seal === undefined ? {} : { seal }) };
}

/** @param value base64, as it travels */
export function hiddenThought(value: string): ReasoningPart {
  const foreign = readSeal(Buffer.from(value, 'base64').toString(), OWN);
  const seal: Seal = foreign === undefined || foreign.family === OWN ? { family: OWN, value } : foreign;
  return { type: 'reasoning', content: '', redacted: true, seal };
}

/** A seal that came in a block of its own goes to the call behind it. */
export function withCallSeals(parts: readonly Part[]): readonly Part[] {
  return parts.flatMap((part, at) => {
    const before = parts[at - 1];
    const after = parts[at + 1];
    if (part.type === 'tool_call' && before?.type === 'reasoning' && before.seal?.id === OF_CALL)
      return [{ ...part, seal: { family: before.seal.family, value: before.seal.value } }];
    return part.type === 'reasoning' && part.seal?.id === OF_CALL && after?.type === 'tool_call' ? [] : [part];
  });
}

/** The block that carries a call's seal to a client, where it has one. */
export function callSealBlocks({ seal }: { readonly seal?: Seal | undefined }): readonly Fields[] {
  if (seal === undefined || seal.family === OWN) return [];
  const hidden = hiddenContent({ ...seal, id: OF_CALL });
  return hidden === undefined ? [] : [{ reasoningContent: { redactedContent: hidden } }];
}

/** A thought as a block. Thoughts that are sent go to whom they came from: sealed by Anthropic, or by nobody. */
export function writeThought({ content, seal, redacted }: ReasoningPart, answers: boolean): Fields | undefined {
  if (!answers && seal !== undefined && seal.family !== OWN) return undefined;
  if (redacted !== true) {
    return { reasoningContent: { reasoningText: present({ text: content, signature: signatureOf(seal) }) } };
  }
  const redactedContent = seal && hiddenContent(seal);
  return redactedContent === undefined ? undefined : { reasoningContent: { redactedContent } };
}

export function signatureOf(seal: Seal | undefined): string | undefined {
  return seal && writeSeal(seal, OWN);
}

/** Clients decode it and fail on what is no base64. */
export function hiddenContent(seal: Seal): string | undefined {
  if (seal.family !== OWN) return Buffer.from(writeSeal(seal, OWN)).toString('base64');
  return seal.value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(seal.value) ? seal.value : undefined;
}
