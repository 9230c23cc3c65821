// Signatures of thoughts, and the seal of a tool call, for which `tool_use` has no place.

import type { Seal } from '../../call.ts';
import { UNSIGNED, readSeal as read, writeSeal as write } from '../seals.ts';

/** The id of a seal that belongs to the tool call behind it. */
const OF_CALL = '+call';

/** A signature as a seal; undefined where there is none. */
export function readSeal(signature: string): Seal | undefined {
  return read(signature, 'anthropic');
}

/** A seal as the signature that every thought must have. */
export function writeSeal(seal: Seal | undefined): string {
  return seal === undefined ? UNSIGNED : write(seal, 'anthropic');
}

/** The block that carries the seal of the tool call behind it. */
export function callSealBlock({ family, value }: Seal): { type: 'redacted_thinking'; data: string } {
  return { type: 'redacted_thinking', data: writeSeal({ family, value, id: OF_CALL }) };
}

/** Whether a seal came in such a block. */
export function isCallSeal(seal: Seal | undefined): seal is Seal {
  return seal?.id === OF_CALL;
}
