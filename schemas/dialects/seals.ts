// Seals of other families on their way through a client that knows one opaque signature: they travel in it under a mark,
// and come back whole when the client echoes its assistant's message.

import type { Seal, SealFamily } from '../call.ts';

const MARK = 'signalbox';
const FOREIGN = /^signalbox~(anthropic|openai|gemini|none)~([^~]*)~(.*)$/s;
/** The signature of a thought that has none, for clients that demand one. */
export const UNSIGNED = `${MARK}~none~~`;
/** How what is carried begins, as it is and in base64. */
const CARRIED = [`"${MARK}~`, `"${Buffer.from(MARK).toString('base64')}`] as const;

/** A signature of this family's API as a seal; undefined where there is none. */
export function readSeal(signature: string, own: SealFamily): Seal | undefined {
  if (signature === '') return undefined;
  const foreign = FOREIGN.exec(signature);
  if (foreign === null) return { family: own, value: signature };
  const [, family, id = '', value = ''] = foreign;
  if (family === 'none') return undefined;
  return { family: family as SealFamily, value, ...(id === '' ? {} : { id }) };
}

/** A seal as a signature for a client of this family's API. */
export function writeSeal({ family, value, id }: Seal, own: SealFamily): string {
  return family === own ? value : `signalbox~${family}~${id ?? ''}~${value}`;
}

/**
 * Whether a request's body carries seals of others: the API of its own dialect would refuse them, so such a body is
 * translated even where caller and provider speak the same.
 */
export function carriesSeals(body: Buffer): boolean {
  return CARRIED.some((mark) => body.includes(mark));
}
