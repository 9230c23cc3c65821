// What the neutral events of an answer say about it: the notes of a meter for every dialect without a reader of its own,
// and for every stream that is translated.

import type { CallEvent, CallOutput, DialectId, Part } from '../../schemas/call.ts';
import { chatOf } from '../../schemas/dialects/index.ts';
import type { EventDecoder } from '../../schemas/dialects/types.ts';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { FrameReader } from '../../schemas/framing/types.ts';
import { nowUs } from '../clock.ts';
import type { Reading } from '../exchange.ts';
import { addOnce, type AnswerMeter } from './reading.ts';

/** Takes notes of events. */
export class Notes {
  readonly reading: Reading;
  /** Bytes of text so far: what an estimate of the output stands on. */
  outputBytes = 0;

  constructor(reading: Reading) {
    this.reading = reading;
  }

  // oxlint-disable-next-line complexity -- one line for each kind of event
  take(event: CallEvent): void {
    const { reading } = this;
    switch (event.type) {
      case 'start':
        reading.id ||= event.id;
        reading.model = event.model || reading.model;
        break;
      case 'open':
        if (event.part.type === 'tool_call') addOnce(reading.toolsCalled, event.part.name);
        this.#content(textIn(event.part));
        break;
      case 'delta':
        this.#content(event.text);
        break;
      case 'finish':
        addOnce(reading.finishReasons, event.reason);
        break;
      case 'usage':
        reading.usage = event.usage;
        reading.usageSource = 'provider';
        reading.serviceTier = event.serviceTier ?? reading.serviceTier;
        break;
      case 'error':
        reading.error ??= event.error;
        break;
      case 'end':
        reading.complete = true;
    }
  }

  #content(text: string): void {
    if (text === '') return;
    this.outputBytes += Buffer.byteLength(text);
    if (this.reading.firstTokenUs === 0) this.reading.firstTokenUs = nowUs();
  }
}

/** Meters a stream by its dialect's own decoder; an event is read whole, which costs what parsing it costs. */
export class EventMeter implements AnswerMeter {
  readonly #notes: Notes;
  readonly #frames: FrameReader;
  #over = false;

  constructor(dialect: DialectId, reading: Reading) {
    this.#notes = new Notes(reading);
    const chat = chatOf(dialect);
    const decoder: EventDecoder = chat?.decoder() ?? { push: () => [] };
    this.#frames = FRAMINGS[chat?.framing ?? 'sse'].read((event, data) => {
      reading.chunks++;
      for (const each of decoder.push(event, data)) this.#notes.take(each);
    });
  }

  get reading(): Reading {
    return this.#notes.reading;
  }

  get outputBytes(): number {
    return this.#notes.outputBytes;
  }

  push(latin1: string): void {
    this.#frames.push(Buffer.from(latin1, 'latin1'));
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#frames.end();
  }
}

/** The same notes from a whole answer. @returns bytes of text in it */
export function noteOutput(reading: Reading, output: CallOutput): number {
  reading.id ||= output.id;
  reading.model = output.model || reading.model;
  reading.complete = output.complete;
  reading.error ??= output.error;
  reading.serviceTier = output.serviceTier ?? reading.serviceTier;
  for (const { finish_reason: reason, parts } of output.messages) {
    addOnce(reading.finishReasons, reason);
    for (const part of parts) if (part.type === 'tool_call') addOnce(reading.toolsCalled, part.name);
  }
  reading.usage = output.usage;
  if (output.usage !== undefined) reading.usageSource = 'provider';
  return output.messages.flatMap(({ parts }) => parts).reduce((sum, part) => sum + Buffer.byteLength(textIn(part)), 0);
}

function textIn(part: Part): string {
  if (part.type === 'tool_call') {
    return part.arguments === undefined ? '' : (JSON.stringify(part.arguments) ?? '');
  }
  return 'content' in part && typeof part.content === 'string' && part.type !== 'blob' ? part.content : '';
}
