// `thoughtSignature`: bytes as base64, so what is carried in one for another family is base64 too.

import type { Seal } from '../../call.ts';
import { readSeal, writeSeal } from '../seals.ts';

/** How carried seals begin, in base64. */
const CARRIED = Buffer.from('signalbox').toString('base64');

/** A signature as a seal; undefined where there is none. */
export function readSignature(signature: unknown): Seal | undefined {
  if (typeof signature !== 'string' || signature === '') return undefined;
  const carried = signature.startsWith(CARRIED);
  return readSeal(carried ? Buffer.from(signature, 'base64').toString('utf8') : signature, 'gemini');
}

/** A seal for a client to echo. */
export function writeSignature(seal: Seal): string {
  if (seal.family === 'gemini') return seal.value;
  return Buffer.from(writeSeal(seal, 'gemini')).toString('base64');
}

/** For spreading into a part. */
export function sealOf(signature: unknown): { seal?: Seal } {
  const seal = readSignature(signature);
  return seal === undefined ? {} : { seal };
}
