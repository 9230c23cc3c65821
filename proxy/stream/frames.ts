// How a caller's stream is cut into frames: its dialect's framing, or, for Gemini without `alt=sse`, one JSON array that
// grows by an element a frame.

import type { IncomingHttpHeaders } from 'node:http';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import type { Frame } from '../../schemas/dialects/types.ts';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { Live } from '../live.ts';

export interface FrameWriter {
  /** Of the answer. */
  readonly headers: IncomingHttpHeaders;
  write(frame: Frame): Buffer;
  /** What follows the last frame. */
  end(): Buffer;
}

const NOTHING = Buffer.alloc(0);
const ALT_SSE = /[?&]alt=sse(?:&|$)/;

/** True for a stream of Gemini's API that was not asked for as server-sent events. */
export function asArray({ dialect, stream, query }: Live): boolean {
  return dialect === 'gemini' && stream && !ALT_SSE.test(query);
}

export function framingFor(live: Live): FrameWriter {
  if (asArray(live)) return new ArrayWriter();
  const { contentType, write } = FRAMINGS[live.dialect === '' ? 'sse' : DIALECTS[live.dialect].framing];
  const headers = { 'content-type': contentType, 'cache-control': 'no-cache' };
  return { headers, write, end: () => NOTHING };
}

class ArrayWriter implements FrameWriter {
  readonly headers = { 'content-type': 'application/json; charset=UTF-8' };
  #begun = false;

  write({ data }: Frame): Buffer {
    const before = this.#begun ? ',\r\n' : '[';
    this.#begun = true;
    return Buffer.from(before + data);
  }

  end(): Buffer {
    return Buffer.from(this.#begun ? ']\n' : '[]\n');
  }
}
