// How Signalbox itself is, as a sentence and as short lists of facts.
import type { Status } from '../../schemas/api.ts';
import { bytes, count, duration, percent } from './format.ts';

export interface Verdict {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly sentence: string;
}

/** Above this share of the queue's bytes it is time to look. */
const FULL = 0.8;
/** Rows wait half a second for company; for longer only where the store does not take them. */
const LATE_MS = 60_000;

export function verdict({ store, queue, drops }: Status): Verdict {
  const full = queue.bytes / Math.max(1, queue.max_bytes);
  const lost = Object.values(drops).reduce((sum, n) => sum + n, 0);
  if (!store.ok) {
    const why = store.message || 'it gave no reason';
    return { tone: 'bad', sentence: `The store is away: ${why}. Spans wait in the queue until it is back.` };
  }
  if (full > FULL) {
    const sentence = `The queue is ${percent(full)} full. When it is full, spans are refused and their senders must wait.`;
    return { tone: 'bad', sentence };
  }
  if (queue.oldest_age > LATE_MS) {
    const wait = `Spans have waited ${duration(queue.oldest_age)} for the store`;
    return { tone: 'warn', sentence: `${wait}. It is catching up, or the collector's log says why it does not.` };
  }
  if (lost === 0) {
    const sentence = 'The collector works and has lost nothing since it started, and no proxy has told of a loss.';
    return { tone: 'good', sentence };
  }
  return { tone: 'warn', sentence: `The collector works. ${count(lost)} left out or set aside; the list says which.` };
}

type Fact = readonly [name: string, value: (status: Status) => string];

export const FACTS: readonly { readonly title: string; readonly rows: readonly Fact[] }[] = [
  {
    title: 'Store',
    rows: [
      ['Engine', ({ store }) => (store.mode === 'embedded' ? 'embedded' : 'ClickHouse server')],
      ['State', ({ store }) => (store.ok ? 'ok' : store.message || 'away')],
      ['On disk', ({ store }) => bytes(store.disk_bytes)],
      ['Rows', ({ store }) => count(store.rows)],
      ['Parts', ({ store }) => count(store.parts)],
    ],
  },
  {
    title: 'Received since the start',
    rows: [
      ['Spans', ({ received }) => count(received.spans)],
      ['Rejected', ({ received }) => count(received.rejected)],
      ['Duplicates taken out', ({ received }) => count(received.duplicates)],
      ['Live pages open', ({ live }) => count(live.clients)],
      ['Left out of live', ({ live }) => count(live.dropped)],
    ],
  },
  {
    title: 'Queue before the store',
    rows: [
      ['Waiting records', ({ queue }) => count(queue.records)],
      ['Waiting bytes', ({ queue }) => `${bytes(queue.bytes)} of ${bytes(queue.max_bytes)}`],
      ['Oldest waits', ({ queue }) => duration(queue.oldest_age)],
    ],
  },
];
