// Server-sent events from bytes, whatever way the bytes were cut: LF, CRLF and CR ends, split UTF-8, comments.
// One decoder for both sides: the proxy's meter and the collector's reader of captured streams.

export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

const LF = 10;
const CR = 13;

export class SseDecoder {
  readonly #emit: (event: SseEvent) => void;
  /** Also takes away a byte order mark at the start. */
  /** Takes the mark of the start off itself: Node's decoder loses a second one when the first came in pieces. */
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  #started = false;
  #text = '';
  #event = '';
  #data: string[] = [];
  #skipLf = false;

  constructor(emit: (event: SseEvent) => void) {
    this.#emit = emit;
  }

  /** Takes the next bytes; emits every event that they complete. */
  push(chunk: Uint8Array): void {
    this.#take(this.#utf8.decode(chunk, { stream: true }));
  }

  /** The stream ended: an event without its closing blank line is still an event. */
  end(): void {
    this.#take(this.#utf8.decode());
    if (this.#text !== '') this.#line(this.#text);
    this.#text = '';
    this.#dispatch();
  }

  /** Looks at every character once, however small the pieces: an unfinished line is kept apart and not read again. */
  #take(decoded: string): void {
    let from = !this.#started && decoded.startsWith('\uFEFF') ? 1 : 0;
    this.#started ||= decoded !== '';
    for (let at = from; at < decoded.length; at++) {
      const code = decoded.charCodeAt(at);
      const secondHalf = this.#skipLf && code === LF;
      this.#skipLf = code === CR;
      if (secondHalf) from = at + 1;
      else if (code === LF || code === CR) {
        this.#line(this.#text + decoded.slice(from, at));
        this.#text = '';
        from = at + 1;
      }
    }
    this.#text += decoded.slice(from);
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
  }

  #dispatch(): void {
    if (this.#data.length > 0) this.#emit({ event: this.#event, data: this.#data.join('\n') });
    this.#event = '';
    this.#data = [];
  }
}
