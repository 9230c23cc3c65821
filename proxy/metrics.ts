// What a worker counts. Labels are closed sets: dialects, outcomes and statuses, never names from callers.

import type { Counter, Histogram, Metrics } from '../runtime/metrics.ts';
import type { Live } from './live.ts';

const OVERHEAD_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1];
const DURATION_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class ProxyMetrics {
  inflight = 0;
  /** Bytes of request bodies in memory. */
  inflightBytes = 0;
  readonly #requests: Counter;
  readonly #attempts: Counter;
  readonly #refused: Counter;
  readonly #overhead: Histogram;
  readonly #duration: Histogram;

  constructor(metrics: Metrics) {
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

  ended(live: Live): void {
    const dialect = live.dialect === '' ? 'none' : live.dialect;
    this.#requests.add(1, { dialect, outcome: live.outcome, status: String(live.httpStatus) });
    for (const { target, errorType } of live.attempts) {
      this.#attempts.add(1, { deployment: target.deployment, result: errorType === '' ? 'ok' : errorType });
    }
    if (live.overheadUs > 0) this.#overhead.observe(live.overheadUs / 1e6);
    this.#duration.observe((live.endUs - live.startUs) / 1e6);
  }

  refused(reason: string): void {
    this.#refused.add(1, { reason });
  }
}
