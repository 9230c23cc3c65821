// Seals of other families on their way through a client that knows one opaque signature: they travel in it under a mark,
// and come back whole when the client echoes its assistant's message.

import type { Seal, SealFamily } from '../call.ts';

const FOREIGN = /^signalbox~(anthropic|openai|gemini)~([^~]*)~(.*)$/s;

/** A signature of this family's API as a seal; undefined where there is none. */
export function readSeal(signature: string, own: SealFamily): Seal | undefined {
  if (signature === '') return undefined;
  const foreign = FOREIGN.exec(signature);
  if (foreign === null) return { family: own, value: signature };
  const [, family, id = '', value = ''] = foreign;
  return { family: family as SealFamily, value, ...(id === '' ? {} : { id }) };
}

/** A seal as a signature for a client of this family's API. */
export function writeSeal({ family, value, id }: Seal, own: SealFamily): string {
  return family === own ? value : `signalbox~${family}~${id ?? ''}~${value}`;
}
