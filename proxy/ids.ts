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
export const newRequestId = (): string => `req_${hex(12)}`;
