// Events of a server-sent stream, read as latin1 text: one character a byte, so that nothing is decoded that nobody looks
// at. schemas/framing/sse.ts does the same for readers who want every event as proper text, at ten times the cost.

/** More than this in one line is no event that could matter; it is skipped, not kept. */
const MAX_LINE = 8 * 1024 * 1024;

export type EventSink = (event: string, data: string) => void;

export class SseLines {
  readonly #sink: EventSink;
  /** The pieces of the line that is not whole yet. */
  #open: string[] = [];
  #openChars = 0;
  #event = '';
  #data = '';
  #hasData = false;
  #endedWithCr = false;
  #started = false;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  push(latin1: string): void {
    const text = this.#normalised(latin1);
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      const tail = text.slice(from, at);
      this.#line(this.#openChars === 0 ? tail : this.#takeOpen() + tail);
      from = at + 1;
    }
    if (from < text.length) this.#keep(from === 0 ? text : text.slice(from));
  }

  /** The stream ended: an event without its blank line is still an event. */
  end(): void {
    if (this.#openChars > 0) this.#line(this.#takeOpen());
    this.#dispatch();
  }

  /** CRLF and lone CR become LF. */
  #normalised(latin1: string): string {
    const text = this.#endedWithCr && latin1.startsWith('\n') ? latin1.slice(1) : latin1;
    if (latin1 !== '') this.#endedWithCr = latin1.endsWith('\r');
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }

  #keep(piece: string): void {
    this.#openChars += piece.length;
    if (this.#openChars <= MAX_LINE) this.#open.push(piece);
    else this.#open = [':'];
  }

  #takeOpen(): string {
    const line = this.#open.length === 1 ? (this.#open[0] ?? '') : this.#open.join('');
    this.#open = [];
    const skipped = this.#openChars > MAX_LINE;
    this.#openChars = 0;
    return skipped ? ':' : line;
  }

  #line(whole: string): void {
    const line = this.#started ? whole : this.#withoutBom(whole);
    if (line === '') this.#dispatch();
    else if (line.startsWith('data:')) {
      const value = line.charCodeAt(5) === 32 ? line.slice(6) : line.slice(5);
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (line.startsWith('event:')) this.#event = line.slice(6).trim();
  }

  #withoutBom(line: string): string {
    this.#started = true;
    return line.startsWith('\u00ef\u00bb\u00bf') ? line.slice(3) : line;
  }

  #dispatch(): void {
    const event = this.#event;
    this.#event = '';
    if (!this.#hasData) return;
    this.#hasData = false;
    this.#sink(event, this.#data);
  }
}
