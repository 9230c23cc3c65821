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
  readonly #utf8 = new TextDecoder('utf-8');
  #text = '';
  #event = '';
  #data: string[] = [];
  #skipLf = false;
  #started = false;

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

  #take(decoded: string): void {
    const text = this.#text + this.#withoutBom(decoded);
    let from = 0;
    for (let at = this.#text.length; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== LF && code !== CR) {
        this.#skipLf = false;
        continue;
      }
      if (code === LF && this.#skipLf && at === from) {
        from = at + 1;
        this.#skipLf = false;
        continue;
      }
      this.#line(text.slice(from, at));
      from = at + 1;
      this.#skipLf = code === CR;
    }
    this.#text = text.slice(from);
  }

  #withoutBom(text: string): string {
    if (this.#started || text === '') return text;
    this.#started = true;
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
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
