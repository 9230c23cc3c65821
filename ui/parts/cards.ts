// The six metrics of the overview, in reading order.
import type { Metric } from '../../schemas/api.ts';

export interface Card {
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly { readonly metric: Metric; readonly name: string }[];
  /** Counts stack as bars; quantiles are lines, for they do not add up. */
  readonly bars: boolean;
  readonly lowerIsBetter: boolean;
  /** The filter that a click adds. */
  readonly filter: string;
}

export const CARDS: readonly Card[] = [
  card('requests', 'Requests', { metrics: [['requests', '']] }),
  card('latency', 'Latency', { metrics: [['latency_p50', 'p50'], ['latency_p95', 'p95'], ['latency_p99', 'p99']], lowerIsBetter: true }), // prettier-ignore
  card('cost', 'Cost', { metrics: [['cost', '']] }),
  card('errors', 'Errors', { metrics: [['errors', '']], lowerIsBetter: true, filter: 'status:error' }),
  card('ttft', 'Time to first token', {
    metrics: [
      ['ttft_p50', 'p50'],
      ['ttft_p95', 'p95'],
    ],
    lowerIsBetter: true,
  }),
  card('tokens', 'Tokens', { metrics: [['tokens', '']] }),
];

interface Short {
  readonly metrics: readonly (readonly [metric: Metric, name: string])[];
  readonly lowerIsBetter?: boolean;
  readonly filter?: string;
}

function card(id: string, title: string, { metrics, lowerIsBetter = false, filter = '' }: Short): Card {
  const named = metrics.map(([metric, name]) => ({ metric, name }));
  return { id, title, metrics: named, bars: metrics.length === 1, lowerIsBetter, filter };
}

export const CARD_METRICS: readonly Metric[] = CARDS.flatMap(({ metrics }) => metrics.map(({ metric }) => metric));
