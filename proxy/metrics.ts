// What a worker counts. Labels are closed sets: dialects, outcomes and statuses, never names from callers.

import type { Counter, Histogram, Metrics } from '../runtime/metrics.ts';
import type { Live } from './live.ts';
import type { TargetState } from './routing/state.ts';

const OVERHEAD_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1];
const DURATION_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class ProxyMetrics {
  inflight = 0;
  /** Bytes of request bodies in memory. */
  inflightBytes = 0;
  readonly #requests: Counter;
  readonly #attempts: Counter;
  readonly #refused: Counter;
  readonly #retries: Counter;
  readonly #metrics: Metrics;
  /** Counters with their labels settled, by those labels. */
  readonly #bound = new Map<string, () => void>();
  readonly #overhead: Histogram;
  readonly #duration: Histogram;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#retries = metrics.counter('signalbox_retries_total', 'Second tries at the same target, made or denied.');
    this.#requests = metrics.counter('signalbox_requests_total', 'Requests that ended, by how they ended.');
    this.#attempts = metrics.counter('signalbox_attempts_total', 'Calls to providers, by deployment and result.');
    this.#refused = metrics.counter('signalbox_refused_total', 'Requests refused before they were one, by reason.');
    this.#overhead = metrics.histogram(
      'signalbox_overhead_seconds',
      'Time that Signalbox itself added before the first byte of an answer.',
      OVERHEAD_SECONDS,
    );
    this.#duration = metrics.histogram('signalbox_request_seconds', 'Whole requests.', DURATION_SECONDS);
    metrics.gauge('signalbox_inflight_requests', 'Requests under way.', () => this.inflight);
    metrics.gauge('signalbox_inflight_bytes', 'Request bodies in memory.', () => this.inflightBytes);
  }

  /** Shows what is known of the routes' targets. */
  watch(states: Iterable<TargetState>): void {
    const rows = (read: (state: TargetState) => number) => () =>
      [...states].map((state) => [{ target: state.id }, read(state)] as const);
    const add = this.#metrics.gauge.bind(this.#metrics);
    add(
      'signalbox_target_ejected',
      'Workers in which a target is left alone.',
      rows(({ breaker }) => +breaker.ejected),
    );
    add(
      'signalbox_target_ejections_total',
      'Times a target was ejected.',
      rows(({ breaker }) => breaker.ejections),
    );
    add(
      'signalbox_target_inflight',
      'Calls under way at a target of a route.',
      rows(({ inflight }) => inflight),
    );
  }

  /** A second try at the same target: made, or not because too many were under way. */
  retried(result: 'made' | 'denied'): void {
    this.#retries.add(1, { result });
  }

  ended(live: Live): void {
    this.#countRequest(live);
    for (const { target, errorType } of live.attempts) this.#countAttempt(target.deployment, resultOf(errorType));
    if (live.overheadUs > 0) this.#overhead.observe(live.overheadUs / 1e6);
    this.#duration.observe((live.endUs - live.startUs) / 1e6);
  }

  #countRequest({ dialect, outcome, httpStatus }: Live): void {
    const key = `${dialect} ${outcome} ${httpStatus}`;
    let count = this.#bound.get(key);
    if (count === undefined) {
      const labels = { dialect: dialect === '' ? 'none' : dialect, outcome, status: String(httpStatus) };
      count = this.#requests.bind(labels);
      this.#bound.set(key, count);
    }
    count();
  }

  #countAttempt(deployment: string, result: string): void {
    const key = `${deployment} ${result}`;
    let count = this.#bound.get(key);
    if (count === undefined) {
      count = this.#attempts.bind({ deployment, result });
      this.#bound.set(key, count);
    }
    count();
  }

  refused(reason: string): void {
    this.#refused.add(1, { reason });
  }
}

const WORDS: ReadonlySet<string> = new Set([
  'cancelled',
  'connect',
  'empty',
  'not_json',
  'protocol',
  'redirect',
  'reset',
  'timeout',
  'truncated',
]);

/** A provider words its errors as it likes; a label must not. */
function resultOf(errorType: string): string {
  if (errorType === '') return 'ok';
  return WORDS.has(errorType) || /^\d{3}$/.test(errorType) ? errorType : 'provider_error';
}
