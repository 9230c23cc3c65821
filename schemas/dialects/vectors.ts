// Vectors of embeddings, as lists and as base64 of little-endian float32.

import { list } from './read.ts';

const FLOAT = 4;

/** A vector, whichever way it is written; what is no number is left out. */
export function readVector(value: unknown): readonly number[] {
  if (typeof value === 'string') return unpack(value);
  return list(value).filter((each): each is number => typeof each === 'number');
}

export function packVector(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * FLOAT);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * FLOAT);
  return bytes.toString('base64');
}

function unpack(base64: string): readonly number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: Math.floor(bytes.length / FLOAT) }, (_, at) => bytes.readFloatLE(at * FLOAT));
}
