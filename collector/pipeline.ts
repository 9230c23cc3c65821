// receiver -> processors -> duplicates -> durable queue -> 200, then fan-out: store writer and live.
// The parts are put together here; ingest.ts is the way between them.

import type { Pipeline, PipelineOptions } from './component.ts';
import { Ingest } from './ingest.ts';
import { otlpHandler } from './receivers/otlp-http.ts';

const BODY_TIMEOUT_MS = 30_000;
/** Bodies of the largest size that may be in memory together. */
const INFLIGHT_BODIES = 4;

/** The way of every span through the collector. Nothing is taken before start(). */
export function createPipeline(options: PipelineOptions): Pipeline {
  const ingest = new Ingest(options);
  const { log, maxBody, bodyTimeout = BODY_TIMEOUT_MS } = options;
  const handleOtlp = otlpHandler({
    sink: ingest,
    log,
    limits: { maxBody, maxInflight: maxBody * INFLIGHT_BODIES, timeout: bodyTimeout },
    onRefused: (status) => ingest.metrics.refused.add(1, { status: String(status) }),
  });
  return {
    handleOtlp,
    start: () => ingest.start(),
    close: () => ingest.close(),
    submit: (rows) => ingest.submit(rows),
    subscribe: (listener) => ingest.subscribe(listener),
    status: () => ingest.status(),
    flush: () => ingest.flush(),
    get accepting() {
      return ingest.accepting;
    },
  };
}
