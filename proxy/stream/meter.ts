// Reads what an answer was while it passes: first token, chunks, usage, finish reasons, tools called, model, errors.
// It sees bytes only after the client got them, keeps none of them, and never throws whatever they are.

import type { DialectId } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { nowUs } from '../clock.ts';
import type { Reading } from '../exchange.ts';
import { chatEvents } from './chat.ts';
import { SseLines } from './lines.ts';
import { messagesEvents } from './messages.ts';
import { EventMeter } from './notes.ts';
import type { AnswerMeter, EventReader, MeterState } from './reading.ts';
import { responsesEvents } from './responses.ts';

/** Dialects whose streams are read without parsing every event. */
const EVENTS: Readonly<Partial<Record<DialectId, EventReader>>> = {
  openai_chat: chatEvents,
  openai_responses: responsesEvents,
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
    const read = EVENTS[dialect] ?? (() => {});
    this.#lines = new SseLines((event, data) => read(this, event, data));
  }

  push(latin1: string): void {
    this.#lines.push(latin1);
  }

  end(): void {
    this.#lines.end();
    this.reading.usage = DIALECTS[this.#dialect].readUsage(this.usage);
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

/** The meter of a dialect's streams: a fast one where there is one. */
export function meterOf(dialect: DialectId, reading: Reading): AnswerMeter {
  return EVENTS[dialect] === undefined ? new EventMeter(dialect, reading) : new Meter(dialect, reading);
}
