// The meter of a JSON answer too big to be kept: usage stands at its end, so the end is all that is remembered.

import type { DialectId } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import type { Reading } from '../exchange.ts';
import { scanBody } from '../json/scan.ts';
import { parseEvent } from './probe.ts';
import type { AnswerMeter } from './reading.ts';

const KEPT_CHARS = 8192;
const USAGE: ReadonlySet<string> = new Set(['usage']);

export class TailMeter implements AnswerMeter {
  readonly reading: Reading;
  readonly outputBytes = 0;
  readonly #dialect: DialectId;
  #tail = '';

  constructor(dialect: DialectId, reading: Reading) {
    this.reading = reading;
    this.#dialect = dialect;
  }

  push(latin1: string): void {
    this.#tail = latin1.length >= KEPT_CHARS ? latin1.slice(-KEPT_CHARS) : (this.#tail + latin1).slice(-KEPT_CHARS);
  }

  end(): void {
    const { reading } = this;
    reading.chunks = 1;
    reading.complete = this.#tail.trimEnd().endsWith('}');
    const at = this.#tail.lastIndexOf('"usage"');
    if (at < 0) return;
    const text = `{${this.#tail.slice(at)}`;
    const span = scanBody(text, USAGE, 16).found.get('usage');
    reading.usage = span && DIALECTS[this.#dialect].readUsage(parseEvent(text.slice(span.start, span.end)));
    if (reading.usage !== undefined) reading.usageSource = 'provider';
  }
}
