// What the way in counts. The same numbers stand in /metrics and, summed up, in GET /status.

import type { Counter, Metrics } from '../../runtime/metrics.ts';
import type { PipelineStatus } from '../component.ts';
import type { Wal } from './wal.ts';

export interface IngestMetrics {
  readonly received: Counter;
  /** By reason: invalid spans. */
  readonly rejected: Counter;
  readonly duplicates: Counter;
  /** By status: requests not answered with 200. */
  readonly refused: Counter;
  /** By reason: parts of spans cut off or replaced. */
  readonly trimmed: Counter;
  /** By reason: log records that are nobody's row. */
  readonly ignoredLogs: Counter;
  readonly ignoredMetrics: Counter;
  readonly scores: Counter;
  readonly stored: Counter;
  readonly retries: Counter;
  readonly quarantined: Counter;
}

export function ingestMetrics(metrics: Metrics, wal: Wal): IngestMetrics {
  const name = (rest: string) => `signalbox_collector_${rest}`;
  metrics.gauge(name('queue_bytes'), 'Bytes accepted and not yet in the store.', () => wal.status.bytes);
  metrics.gauge(name('queue_rows'), 'Rows accepted and not yet in the store.', () => wal.status.records);
  metrics.gauge(name('queue_oldest_seconds'), 'Age of the oldest of them.', () => wal.status.oldest_age / 1000);
  metrics.gauge(name('queue_damage'), 'Unreadable parts of the queue, stepped over.', () =>
    Object.entries(wal.damage).map(([kind, count]) => [{ kind }, Number(count)]),
  );
  const counter = (rest: string, help: string) => metrics.counter(name(rest), help);
  return {
    received: counter('spans_received_total', 'Valid spans received, duplicates left out.'),
    rejected: counter('spans_rejected_total', 'Spans refused one by one (partial success), by reason.'),
    duplicates: counter('spans_duplicate_total', 'Second copies of spans, left out.'),
    refused: counter('otlp_refused_total', 'OTLP requests not answered with 200, by status.'),
    trimmed: counter('spans_trimmed_total', 'Parts of spans cut off or replaced, by reason.'),
    ignoredLogs: counter('logs_ignored_total', 'Log records accepted and not kept, by reason.'),
    ignoredMetrics: counter('metrics_ignored_total', 'Metrics accepted and not kept.'),
    scores: counter('scores_received_total', 'Scores received.'),
    stored: counter('rows_stored_total', 'Rows the store has taken.'),
    retries: counter('store_retries_total', 'Inserts that failed and were tried again.'),
    quarantined: counter('rows_quarantined_total', 'Rows the store refused, set aside in files.'),
  };
}

/** Everything ever lost or set aside, by reason. */
export function dropsOf(metrics: IngestMetrics, wal: Wal): PipelineStatus['drops'] {
  const { corrupt, torn, quarantined, missing } = wal.damage;
  return {
    quarantined_rows: metrics.quarantined.total,
    queue_corrupt: corrupt,
    queue_torn: torn,
    queue_segments_unreadable: quarantined,
    queue_segments_missing: missing,
    ...metrics.trimmed.by('reason'),
  };
}
