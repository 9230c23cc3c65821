// What the server's events of a realtime session say: answers, their usage, errors. Most of them are pieces of audio,
// which are counted and not parsed.

import type { Usage } from '../../schemas/call.ts';
import { fields, list, parsed, text } from '../../schemas/dialects/read.ts';
import { addUsage, readDetailedUsage } from '../../schemas/media/index.ts';
import { nowUs } from '../clock.ts';
import type { Reading } from '../exchange.ts';
import { addOnce } from '../stream/reading.ts';

const TYPE = /"type"\s*:\s*"([a-z_.]+)"/;
/** The type stands at the beginning of an event. */
const LOOK_CHARS = 256;
const PARSED: ReadonlySet<string> = new Set(['session.created', 'session.updated', 'response.done', 'error']);

export class RealtimeMeter {
  readonly #reading: Reading;
  #usage: Usage | undefined;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** @param event a text message of the server */
  take(event: string): void {
    const reading = this.#reading;
    reading.chunks++;
    const type = TYPE.exec(event.slice(0, LOOK_CHARS))?.[1] ?? TYPE.exec(event)?.[1] ?? '';
    if (type.endsWith('.delta') && reading.firstTokenUs === 0) reading.firstTokenUs = nowUs();
    if (PARSED.has(type)) this.#said(type, fields(parsed(event)));
  }

  #said(type: string, said: Readonly<Record<string, unknown>>): void {
    const reading = this.#reading;
    if (type === 'response.done') this.#answer(fields(said['response']));
    else if (type === 'error') reading.error ??= errorOf(fields(said['error']));
    else {
      const session = fields(said['session']);
      reading.id ||= text(session['id']);
      reading.model = text(session['model']) || reading.model;
    }
  }

  #answer(response: Readonly<Record<string, unknown>>): void {
    const reading = this.#reading;
    const status = text(response['status']);
    addOnce(reading.finishReasons, status === 'completed' ? 'stop' : status);
    for (const item of list(response['output']).map(fields)) {
      if (item['type'] === 'function_call') addOnce(reading.toolsCalled, item['name']);
    }
    const usage = readDetailedUsage(response['usage']);
    if (usage === undefined) return;
    this.#usage = addUsage(this.#usage, usage);
    reading.usage = this.#usage;
    reading.usageSource = 'provider';
  }
}

function errorOf(error: Readonly<Record<string, unknown>>): NonNullable<Reading['error']> {
  return { type: text(error['type']) || 'error', message: text(error['message']) };
}
