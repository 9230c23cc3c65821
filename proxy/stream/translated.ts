// A streamed answer in another dialect than the client's: bytes to frames, frames to neutral events, events to the
// client's frames as each of them comes. Nothing is made up: no end that the provider did not give, no event before its
// time.

import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { FrameReader } from '../../schemas/framing/types.ts';
import type { Frame } from '../../schemas/dialects/types.ts';
import type { ErrorWords } from '../errors.ts';
import type { Reading } from '../exchange.ts';
import type { StreamTranslation } from '../translation.ts';
import { Notes } from './notes.ts';
import type { Outlet } from './outlet.ts';
import type { AnswerNotes } from './reading.ts';

export interface TranslatedOptions {
  readonly translation: StreamTranslation;
  readonly reading: Reading;
  /** To the client. */
  readonly outlet: Outlet;
}

export class TranslatedStream {
  readonly notes: AnswerNotes;
  readonly #translation: StreamTranslation;
  readonly #notes: Notes;
  readonly #outlet: Outlet;
  readonly #frames: FrameReader;
  #out: Buffer[] = [];
  #over = false;

  constructor({ translation, reading, outlet }: TranslatedOptions) {
    this.#translation = translation;
    this.#outlet = outlet;
    const notes = new Notes(reading);
    this.#notes = notes;
    this.notes = {
      reading,
      get outputBytes() {
        return notes.outputBytes;
      },
      end: () => this.#finish(),
    };
    this.#frames = FRAMINGS[translation.framing].read((event, data) => this.#frame({ event, data }));
  }

  get stalledUs(): number {
    return this.#outlet.stalledUs;
  }

  /** The provider's next bytes. */
  push(chunk: Buffer): void {
    this.#frames.push(chunk);
    this.#flush();
  }

  /** The provider's bytes are over: a last frame may still have waited for its end. */
  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#frames.end();
    this.#flush();
  }

  /** The end of a good stream. */
  end(): void {
    this.#outlet.send(this.#translation.frames.end());
    this.#outlet.end();
  }

  /** The end of a broken one. */
  break(words: ErrorWords | undefined): void {
    const { frames, broken } = this.#translation;
    for (const frame of words === undefined ? [] : broken(words)) this.#out.push(frames.write(frame));
    this.#flush();
    this.end();
  }

  #frame(frame: Frame): void {
    this.#notes.reading.chunks++;
    const { decoder, encode, frames } = this.#translation;
    const events = decoder.push(frame.event, frame.data);
    for (const event of events) this.#notes.take(event);
    for (const each of encode(events, frame)) this.#out.push(frames.write(each));
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    this.#outlet.send(this.#out.length === 1 ? (this.#out[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#out));
    this.#out = [];
  }
}
