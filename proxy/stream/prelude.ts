// The beginning of a streamed answer, kept back while another target remains: headers and empty events cost a provider
// nothing, so that only the first content says that the answer is coming. Until then the call can still go elsewhere.

import type { DialectId } from '../../schemas/call.ts';
import { chatOf } from '../../schemas/dialects/index.ts';
import type { Reading } from '../exchange.ts';
import { FALLBACK_REASONS, judge } from '../judgement.ts';
import { meterOf } from './meter.ts';
import { newReading, type AnswerMeter } from './reading.ts';

/** What is kept back at most: events without content may be long, but not that long. */
const MOST_BYTES = 256 * 1024;

export class Prelude {
  readonly #dialect: DialectId;
  readonly #meter: AnswerMeter;
  readonly #reading = newReading();
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(dialect: DialectId) {
    this.#dialect = dialect;
    this.#meter = meterOf(dialect, this.#reading);
  }

  /** True where a dialect's streams can be told to have begun. */
  static fits(dialect: DialectId | ''): dialect is DialectId {
    return dialect !== '' && chatOf(dialect) !== undefined;
  }

  /** @returns true once the answer has begun, is whole without content, or is an error that no other target would spare */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#meter.push(chunk.toString('latin1'));
    const { firstTokenUs, complete, error } = this.#reading;
    if (error !== undefined) return !goesElsewhere(this.#dialect, error.type, error.message);
    return firstTokenUs > 0 || complete || this.#bytes > MOST_BYTES;
  }

  /** What the provider said instead of an answer. */
  get error(): Reading['error'] {
    return this.#reading.error;
  }

  take(): Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}

function goesElsewhere(dialect: DialectId, errorType: string, body: string): boolean {
  const { kind } = judge({ dialect, errorType, status: 200, headers: {}, body }, Date.now());
  return FALLBACK_REASONS[kind] !== undefined && kind !== 'content_filter';
}
