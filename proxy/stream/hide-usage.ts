// Keeps from the client the one chunk that only we asked for: `choices: []` with a usage object, which a chat stream ends
// with when `stream_options.include_usage` is set. Every other byte passes as it came and when it came; only the start of
// an event whose end is still on its way waits for it.

import { stringEnd } from '../json/scan.ts';
import { hasValue } from './probe.ts';

/** An event longer than this is no usage chunk: it passes without being waited for. */
const MAX_EVENT = 256 * 1024;
const NOTHING = Buffer.alloc(0);
const BLANK_LINE = /\n\n|\r\n\r\n|\n\r\n|\r\r/g;
const CHOICES_EMPTY = /"choices"\s*:\s*\[\s*\]/;

export class HideUsage {
  /** The bytes of an event that is not whole yet, and the same as latin1 text. */
  #open: Buffer = NOTHING;
  #openText = '';
  #passing = false;

  /**
   * @param latin1 the chunk's text, one character a byte
   * @returns what may go to the client now
   */
  push(chunk: Buffer, latin1: string): Buffer {
    // The common case: whole events, none of which is the one.
    if (this.#openText === '' && !this.#passing && latin1.endsWith('\n\n') && !hasValue(latin1, '"usage"'))
      return chunk;
    const bytes = this.#openText === '' ? chunk : Buffer.concat([this.#open, chunk]);
    const text = this.#openText + latin1;
    this.#open = NOTHING;
    this.#openText = '';
    return this.#cut(bytes, text);
  }

  /** What was still waiting when the stream ended. */
  end(): Buffer {
    const rest = isUsageChunk(this.#openText) ? NOTHING : this.#open;
    this.#open = NOTHING;
    this.#openText = '';
    return rest;
  }

  #cut(bytes: Buffer, text: string): Buffer {
    const kept: Buffer[] = [];
    let from = 0;
    for (const match of text.matchAll(BLANK_LINE)) {
      const to = match.index + match[0].length;
      if (this.#passing || !isUsageChunk(text.slice(from, to))) kept.push(bytes.subarray(from, to));
      this.#passing = false;
      from = to;
    }
    const rest = bytes.subarray(from);
    if (this.#passing || rest.length > MAX_EVENT) {
      this.#passing = rest.length > 0 || this.#passing;
      kept.push(rest);
    } else {
      this.#open = rest;
      this.#openText = text.slice(from);
    }
    return kept.length === 1 ? (kept[0] ?? NOTHING) : Buffer.concat(kept);
  }
}

function isUsageChunk(event: string): boolean {
  if (!hasValue(event, '"usage"')) return false;
  const match = CHOICES_EMPTY.exec(event);
  return match !== null && isOutsideStrings(event, match.index);
}

/** False when the place is inside a JSON string, which a model may have written to look like the chunk. */
function isOutsideStrings(event: string, place: number): boolean {
  let at = event.indexOf('"');
  while (at >= 0 && at < place) at = event.indexOf('"', stringEnd(event, at + 1) + 1);
  return at === place;
}
