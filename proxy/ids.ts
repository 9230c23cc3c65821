// Random ids, cut from a pool: one call to the system's generator makes 256 of them.

import { randomFillSync } from 'node:crypto';

const POOL = Buffer.alloc(4096);
let used = POOL.length;

function hex(bytes: number): string {
  if (used + bytes > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += bytes;
  return POOL.toString('hex', used - bytes, used);
}

export const newTraceId = (): string => hex(16);
export const newSpanId = (): string => hex(8);

const REQUEST_ID = Buffer.from(`req_${'0'.repeat(24)}`);

/** Read out of a buffer and not put together: one text in two pieces makes all of JSON.stringify take its slow way. */
export function newRequestId(): string {
  REQUEST_ID.write(hex(12), 4, 'latin1');
  return REQUEST_ID.toString('latin1');
}
