// Reads what an answer was while it passes: first token, chunks, usage, finish reasons, tools called, model, errors.
// It sees bytes only after the client got them, keeps none of them, and never throws whatever they are.

import type { DialectId } from '../../schemas/call.ts';
import { USAGE_READERS } from '../../schemas/dialects/index.ts';
import { nowUs } from '../clock.ts';
import type { Reading } from '../exchange.ts';
import { chatEvents } from './chat.ts';
import { SseLines } from './lines.ts';
import { messagesEvents } from './messages.ts';
import type { AnswerMeter, EventReader, MeterState } from './reading.ts';
import { responsesEvents } from './responses.ts';

const EVENTS: Readonly<Record<DialectId, EventReader>> = {
  openai_chat: chatEvents,
  openai_responses: responsesEvents,
  openai_embeddings: () => {},
  anthropic: messagesEvents,
};

export class Meter implements MeterState, AnswerMeter {
  readonly reading: Reading;
  outputBytes = 0;
  usage: unknown;
  readonly #lines: SseLines;
  readonly #dialect: DialectId;

  constructor(dialect: DialectId, reading: Reading) {
    this.reading = reading;
    this.#dialect = dialect;
    const read = EVENTS[dialect];
    this.#lines = new SseLines((event, data) => read(this, event, data));
  }

  push(latin1: string): void {
    this.#lines.push(latin1);
  }

  end(): void {
    this.#lines.end();
    this.reading.usage = USAGE_READERS[this.#dialect](this.usage);
    if (this.reading.usage !== undefined) this.reading.usageSource = 'provider';
  }

  content(bytes: number): void {
    this.outputBytes += bytes;
    if (this.reading.firstTokenUs === 0) this.reading.firstTokenUs = nowUs();
  }

  broken(): void {
    this.reading.malformed++;
  }
}
