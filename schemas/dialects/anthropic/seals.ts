// Seals of other families on their way through an Anthropic client, which knows one opaque `signature`: they travel in it
// under a mark, and come back whole when the client echoes its assistant's message.

import type { Seal, SealFamily } from '../../call.ts';

const FOREIGN = /^signalbox~(openai|gemini)~([^~]*)~(.*)$/s;
/** The id of a seal that belongs to the tool call behind it: `tool_use` has no place for one. */
const OF_CALL = '+call';

/** A signature as a seal; undefined where there is none. */
export function readSeal(signature: string): Seal | undefined {
  if (signature === '') return undefined;
  const foreign = FOREIGN.exec(signature);
  if (foreign === null) return { family: 'anthropic', value: signature };
  const [, family, id = '', value = ''] = foreign;
  return { family: family as SealFamily, value, ...(id === '' ? {} : { id }) };
}

/** A seal as a signature. */
export function writeSeal({ family, value, id }: Seal): string {
  return family === 'anthropic' ? value : `signalbox~${family}~${id ?? ''}~${value}`;
}

/** The block that carries the seal of the tool call behind it. */
export function callSealBlock({ family, value }: Seal): { type: 'redacted_thinking'; data: string } {
  return { type: 'redacted_thinking', data: writeSeal({ family, value, id: OF_CALL }) };
}

/** Whether a seal came in such a block. */
export function isCallSeal(seal: Seal | undefined): seal is Seal {
  return seal?.id === OF_CALL;
}
