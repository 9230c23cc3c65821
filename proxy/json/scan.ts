// Where things stand in the bytes of a JSON object, without building it. The text is the body read as latin1, one
// character a byte: JSON's own marks are ASCII and never part of a UTF-8 sequence, so that offsets are byte offsets.
// Tolerant: on broken JSON it ends early or finds nonsense, and never throws; JSON.parse is the judge.

import { setImmediate as immediate } from 'node:timers/promises';

/** A value of the outermost object: its first byte and the one after its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface BodyScan {
  /** The byte after the outermost `{`; 0 where there is none. */
  readonly inside: number;
  readonly empty: boolean;
  readonly deepest: number;
  /** The values of the wanted keys. */
  readonly found: ReadonlyMap<string, Span>;
  /** A wanted key that stands there twice: what is decided and what is forwarded could differ. */
  readonly duplicate: string | undefined;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const COMMA = 44;
const COLON = 58;

/** The closing quote of a string whose first character is at `from`; the text's length when there is none. */
export function stringEnd(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at > 0 && text.charCodeAt(at - 1) === BACKSLASH && isEscaped(text, at, from)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let slashes = 0;
  for (let back = at - 1; back >= from && text.charCodeAt(back) === BACKSLASH; back--) slashes++;
  return slashes % 2 === 1;
}

/**
 * @param text latin1 reading of the body
 * @param wanted keys of the outermost object whose places are needed
 * @param maxDepth where the scan stops: `deepest` is then above it
 */
export function scanBody(text: string, wanted: ReadonlySet<string>, maxDepth: number): BodyScan {
  const scanner = new Scanner(text, wanted, maxDepth);
  scanner.advance(text.length);
  return scanner;
}

/** Characters looked at between two turns of the event loop. */
const SLICE = 512 * 1024;

/** The same for a text of many megabytes, in slices, so that nobody else waits for the whole of it. */
export async function scanBigBody(text: string, wanted: ReadonlySet<string>, maxDepth: number): Promise<BodyScan> {
  const scanner = new Scanner(text, wanted, maxDepth);
  for (let upTo = SLICE; scanner.advance(upTo); upTo += SLICE) await immediate();
  return scanner;
}

class Scanner implements BodyScan {
  inside = 0;
  empty = true;
  deepest = 0;
  duplicate: string | undefined;
  readonly found = new Map<string, Span>();
  readonly #text: string;
  readonly #wanted: ReadonlySet<string>;
  readonly #maxDepth: number;
  #at = 0;
  #depth = 0;
  /** The last string of the outermost object, a key if a colon follows. */
  #stringStart = 0;
  #stringEnd = 0;
  #key = '';
  #valueStart = 0;

  // oxlint-disable-next-line max-params -- mirrors scanBody
  constructor(text: string, wanted: ReadonlySet<string>, maxDepth: number) {
    this.#text = text;
    this.#wanted = wanted;
    this.#maxDepth = maxDepth;
  }

  /** Goes on up to a place in the text; false when there is nothing more to look at. */
  advance(upTo: number): boolean {
    const text = this.#text;
    const end = Math.min(upTo, text.length);
    let at = this.#at;
    for (; at < end && this.deepest <= this.#maxDepth; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        const end = stringEnd(text, at + 1);
        if (this.#depth === 1) this.#sawString(at + 1, end);
        at = end;
      } else if (code > COLON) this.#bracket(code, at);
      else if (this.#depth === 1) this.#separator(code, at);
    }
    this.#at = at;
    return at < text.length && this.deepest <= this.#maxDepth;
  }

  #sawString(start: number, end: number): void {
    this.empty = false;
    if (this.#key !== '') return;
    this.#stringStart = start;
    this.#stringEnd = end;
  }

  #bracket(code: number, at: number): void {
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (this.#depth === 0 && this.inside === 0 && code === OPEN_OBJECT) this.inside = at + 1;
      this.#depth++;
      if (this.#depth > this.deepest) this.deepest = this.#depth;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (this.#depth === 1) this.#valueEnds(at);
      this.#depth--;
    }
  }

  #separator(code: number, at: number): void {
    if (code === COLON && this.#stringEnd > 0) {
      const key = this.#keyText();
      this.#key = this.#wanted.has(key) ? key : '';
      this.#valueStart = at + 1;
      this.#stringEnd = 0;
    } else if (code === COMMA) this.#valueEnds(at);
  }

  /** `"mod\u0065l"` is the key `model` to every JSON reader. */
  #keyText(): string {
    const raw = this.#text.slice(this.#stringStart, this.#stringEnd);
    if (!raw.includes('\\')) return raw;
    try {
      return String(JSON.parse(`"${raw}"`));
    } catch {
      return raw;
    }
  }

  #valueEnds(at: number): void {
    this.#stringEnd = 0;
    if (this.#key === '') return;
    if (this.found.has(this.#key)) this.duplicate = this.#key;
    this.found.set(this.#key, trimmed(this.#text, this.#valueStart, at));
    this.#key = '';
  }
}

function trimmed(text: string, from: number, to: number): Span {
  let start = from;
  let end = to;
  while (start < end && text.charCodeAt(start) <= 32) start++;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  return { start, end };
}
