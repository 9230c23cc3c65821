// Tells the collector what this process had to give up, so that nobody has to ask every proxy for its metrics. Nothing is
// sent while nothing is lost; afterwards the totals are repeated, so that a collector that was away knows them too.

import { request } from 'undici';
import { messageOf, type Logger } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { SCOPE_PROXY } from '../schemas/attributes.ts';
import { LOSSES, LOSSES_EVENT, type Loss } from '../schemas/losses.ts';

export interface LossOptions {
  /** Its base address. */
  readonly collector: string;
  /** Names this life of this process. */
  readonly writerId: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
const TIMEOUT_MS = 2_000;

/** The counter behind each loss, with the label that picks it. */
const COUNTERS: Readonly<Record<Loss, readonly [name: string, label?: string, value?: string]>> = {
  span_records_dropped: ['signalbox_spool_dropped_total', 'what', 'span'],
  payloads_dropped: ['signalbox_spool_dropped_total', 'what', 'payload'],
  records_unreadable: ['signalbox_report_lost_total'],
  spans_refused: ['signalbox_report_poisoned_total', 'what', 'span'],
  payloads_refused: ['signalbox_report_poisoned_total', 'what', 'payload'],
};

/** Starts to tell; closing tells a last time. */
export function reportLosses(options: LossOptions): { close(): Promise<void> } {
  let telling = Promise.resolve();
  const next = () => (telling = telling.then(() => tell(options)));
  const timer = setInterval(() => void next(), options.everyMs ?? EVERY_MS).unref();
  return {
    close: () => {
      clearInterval(timer);
      return next();
    },
  };
}

/** Never rejects: what was not heard is said again. */
async function tell({ collector, writerId, metrics, log }: LossOptions): Promise<void> {
  const lost = LOSSES.map((loss) => [loss, metrics.counted(...COUNTERS[loss])] as const);
  if (lost.every(([, count]) => count === 0)) return;
  try {
    const { statusCode, body } = await request(`${collector}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(record(writerId, lost)),
      reset: true,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
  } catch (error) {
    log.warn('the collector could not be told what was lost; it is told again', { error: messageOf(error) });
  }
}

function record(writerId: string, lost: readonly (readonly [Loss, number])[]): unknown {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const attributes = lost.map(([key, count]) => ({ key, value: { intValue: count } }));
  const logRecord = { timeUnixNano: `${Date.now()}000000`, eventName: LOSSES_EVENT, attributes };
  const resource = { attributes: [text('service.name', 'signalbox-proxy'), text('service.instance.id', writerId)] };
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: SCOPE_PROXY }, logRecords: [logRecord] }] }] };
}
