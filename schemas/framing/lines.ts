// One JSON object a line (Ollama): lines from bytes, whatever way the bytes were cut.

import type { FrameReader, FrameSink } from './types.ts';

export class LineReader implements FrameReader {
  readonly #sink: FrameSink;
  readonly #utf8 = new TextDecoder();
  /** Pieces of the line that is not whole yet: joined once, so that small pieces cost no more than large ones. */
  #open: string[] = [];

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#utf8.decode(bytes, { stream: true }));
  }

  end(): void {
    this.#take(this.#utf8.decode());
    this.#line('');
  }

  #take(decoded: string): void {
    let from = 0;
    for (let at = decoded.indexOf('\n'); at >= 0; at = decoded.indexOf('\n', from)) {
      this.#line(decoded.slice(from, at));
      from = at + 1;
    }
    if (from < decoded.length) this.#open.push(decoded.slice(from));
  }

  #line(tail: string): void {
    const line = (this.#open.join('') + tail).trim();
    this.#open = [];
    if (line !== '') this.#sink('', line);
  }
}
