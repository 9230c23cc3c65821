// Brings requests to the collector, however long it takes: retries with back-off, and takes apart a batch that the
// collector will not have, so that one poisoned request does not take others with it.

import type { Logger } from '../../runtime/log.ts';
import type { Counter, Metrics } from '../../runtime/metrics.ts';
import type { Exporter, ReadableSpan } from './exporter.ts';
import type { Quarantine } from './quarantine.ts';
import type { BeginRecord, EndRecord } from './record.ts';

export interface Request {
  readonly record: BeginRecord | EndRecord;
  readonly spans: readonly ReadableSpan[];
  /** The same spans without bodies; undefined when these have none. */
  readonly bare: (() => readonly ReadableSpan[]) | undefined;
}

export interface SenderOptions {
  readonly exporter: Exporter;
  readonly quarantine: Quarantine;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
/** Longest Retry-After that is believed. */
const LONGEST_WANTED_MS = 300_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #failures: Counter;
  readonly #poisoned: Counter;
  #stopped = false;
  #wake: () => void = () => {};
  #failing = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#failures = options.metrics.counter('signalbox_report_failures_total', 'Attempts to send spans that failed');
    this.#poisoned = options.metrics.counter(
      'signalbox_report_poisoned_total',
      'Requests whose spans the collector refused for good, by what was given up',
    );
  }

  /** True while the collector does not answer. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Number of spans that the collector took; undefined when the sender was stopped before that was known. */
  async send(requests: readonly Request[]): Promise<number | undefined> {
    const spans = requests.flatMap(({ spans }) => spans);
    const poison = await this.#deliver(spans);
    if (poison === undefined) return undefined;
    if (poison === '') return spans.length;
    const [only] = requests;
    if (only && requests.length === 1) return this.#poison(only, poison);
    const middle = Math.ceil(requests.length / 2);
    const first = await this.send(requests.slice(0, middle));
    const second = first === undefined ? undefined : await this.send(requests.slice(middle));
    return second === undefined ? undefined : (first ?? 0) + second;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** '' once sent, why not if it is refused for good, undefined when stopped. */
  async #deliver(spans: readonly ReadableSpan[]): Promise<string | undefined> {
    for (let wait = FIRST_WAIT_MS; !this.#stopped; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const result = await this.#options.exporter.send(spans);
      this.#failing = result.state === 'later';
      if (result.state === 'sent') return '';
      this.#failures.add();
      if (result.state === 'poison') return result.reason;
      this.#options.log.warn('the collector does not take spans; they stay in the spool and are sent later', {
        reason: result.reason,
      });
      const wanted = Math.min(result.waitMs, LONGEST_WANTED_MS);
      await this.#pause(Math.max(wanted, wait * (0.8 + Math.random() * 0.4)));
    }
    return undefined;
  }

  /** Its bodies go first; if even the spans alone are refused, they are set aside for a person to look at. */
  async #poison(request: Request, reason: string): Promise<number | undefined> {
    if (request.bare) {
      this.#poisoned.add(1, { what: 'payload' });
      return this.send([{ record: request.record, spans: request.bare(), bare: undefined }]);
    }
    this.#poisoned.add(1, { what: 'span' });
    const kept = this.#options.quarantine.keep({ reason, record: request.record });
    this.#options.log.error('the collector refuses the spans of a request for good', {
      reason,
      request: request.record.requestId,
      kept,
    });
    return 0;
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }
}
