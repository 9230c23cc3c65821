// The stub's answers about money and providers, made from the same generated traffic as everything else it says.
import type {
  ApiSpan,
  CostLine,
  CostReport,
  PriceEntry,
  PriceList,
  PriceRates,
  ProviderHealth,
  ProviderReport,
} from '../../schemas/api.ts';
import type { Made } from './stub-data.ts';

export interface Asked {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const MAX_LINES = 50;
const sum = (spans: readonly ApiSpan[], of: (span: ApiSpan) => number): number =>
  spans.reduce((total, span) => total + of(span), 0);
const isUnpriced = (span: ApiSpan): boolean => span.cost_usd === null && span.in_tok + span.out_tok > 0;

function whole({ from, to, step }: Asked): Asked {
  return { from: Math.floor(from / step) * step, to: Math.ceil(to / step) * step, step };
}

function callsOf(made: readonly Made[], { from, to }: Asked): ApiSpan[] {
  return made.flatMap(({ detail, summary }) =>
    detail.spans
      .filter((span) => span.op === 'chat' && span.start >= from && span.start < to)
      .map((span) => ({
        ...span,
        user_id: summary.user_id,
        key_id: `${span.team}-key`,
        tags: detail.spans[0]?.tags ?? {},
      })),
  );
}

const GROUP: Readonly<Record<string, (span: ApiSpan) => string>> = {
  provider: (span) => span.provider,
  model: (span) => span.model,
  route: (span) => span.route,
  team: (span) => span.team,
  user: (span) => span.user_id,
  key: (span) => span.key_id,
  prompt: (span) => (span.route === '' ? '' : `${span.route}@${span.in_tok % 2 === 0 ? 3 : 4}`),
};

function lineOf(group: string | null, spans: readonly ApiSpan[], asked: Asked): CostLine {
  const buckets = Map.groupBy(spans, ({ start }) => Math.floor(start / asked.step) * asked.step);
  const costOf = (some: readonly ApiSpan[]): number | null => {
    const known = some.some((span) => span.cost_usd !== null);
    return !known && some.some(isUnpriced) ? null : sum(some, (span) => span.cost_usd ?? 0);
  };
  const times = Array.from(
    { length: (asked.to - asked.from) / asked.step },
    (_, index) => asked.from + index * asked.step,
  );
  return {
    group,
    calls: spans.length,
    in_tok: sum(spans, (span) => span.in_tok),
    in_cache_read: sum(spans, (span) => span.in_cache_read),
    in_cache_write: 0,
    out_tok: sum(spans, (span) => span.out_tok),
    out_reasoning: 0,
    cost_usd: spans.length === 0 ? null : costOf(spans),
    cache_saved_usd: sum(spans, (span) => span.in_cache_read * 1e-6),
    unpriced: spans.filter(isUnpriced).length,
    unpriced_tok: sum(spans.filter(isUnpriced), (span) => span.in_tok + span.out_tok),
    estimated: 0,
    points: times.map((time) => [time, costOf(buckets.get(time) ?? [])] as const),
  };
}

export function cost(made: readonly Made[], by: string, given: Asked): CostReport {
  const asked = whole(given);
  const spans = callsOf(made, asked);
  const tag = by.startsWith('tag.') ? by.slice(4) : '';
  const group = (span: ApiSpan): string => (tag ? (span.tags[tag] ?? '') : (GROUP[by]?.(span) ?? ''));
  const lines = [...Map.groupBy(spans, group)]
    .map(([name, some]) => lineOf(name, some, asked))
    .sort((a, b) => (b.cost_usd ?? -1) - (a.cost_usd ?? -1));
  const rest = new Set(lines.slice(MAX_LINES).map((line) => line.group));
  const unpriced = Map.groupBy(spans.filter(isUnpriced), (span) => `${span.provider}/${span.model}`);
  const month = new Date(given.to);
  const soFar = sum(spans, (span) => span.cost_usd ?? 0);
  return {
    ...asked,
    by,
    kept_from: by === 'user' ? given.to - 86_400_000 : 0,
    unpriced: [...unpriced].map(([name, some]) => ({
      provider: some[0]?.provider ?? '', model: some[0]?.model ?? '', calls: some.length, in_tok: sum(some, (span) => span.in_tok),
      out_tok: sum(some, (span) => span.out_tok), config: `${name}: { input: …, output: … }`,
    })),
    total: lineOf('', spans, asked),
    lines: [
      ...lines.slice(0, MAX_LINES),
      ...(rest.size > 0 ? [lineOf(null, spans.filter((span) => rest.has(group(span))), asked)] : []),
    ],
    month: {
      from: Date.UTC(month.getUTCFullYear(), month.getUTCMonth()),
      to: Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1),
      so_far_usd: soFar,
      ...(spans.length > 0
        ? { expected_usd: soFar * 1.6, low_usd: soFar * 1.4, high_usd: soFar * 1.9, method: 'weekdays', words: 'If the rest of the month is like the same weekdays of the last 28 days. It knows of no growth, holidays or plans.' }
        : { expected_usd: null, low_usd: null, high_usd: null, method: 'none', words: 'A forecast needs 3 whole days; there are 0.' }),
    },
  }; // prettier-ignore
}

function quantile(spans: readonly ApiSpan[], q: number, of: (span: ApiSpan) => number | null): number | null {
  const sorted = spans.flatMap((span) => of(span) ?? []).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
}

export function providers(made: readonly Made[], given: Asked): ProviderReport {
  const asked = whole(given);
  const failed = (spans: readonly ApiSpan[]): number => spans.filter(({ status }) => status === 'error').length;
  const latencies = (spans: readonly ApiSpan[]): Pick<ProviderHealth, 'latency_p50' | 'latency_p95' | 'ttft_p50'> => ({
    latency_p50: quantile(spans, 0.5, ({ duration }) => duration),
    latency_p95: quantile(spans, 0.95, ({ duration }) => duration),
    ttft_p50: quantile(spans, 0.5, ({ ttft }) => ttft),
  });
  const groups = Map.groupBy(callsOf(made, asked), (span) => span.deployment);
  const found = [...groups].map(([deployment, spans]): ProviderHealth => {
    const { in_tok, out_tok, cost_usd, unpriced, points } = lineOf(deployment, spans, asked);
    return {
      provider: spans[0]?.provider ?? '',
      deployment,
      models: [...new Set(spans.map(({ model }) => model))],
      calls: spans.length,
      errors: failed(spans),
      timeouts: spans.filter(({ error_type }) => error_type === 'upstream_timeout').length,
      rate_limited: spans.filter(({ http_status }) => http_status === 429).length,
      ...latencies(spans), in_tok, out_tok, cost_usd, unpriced,
      cells: points.map(([time]) => {
        const some = spans.filter(({ start }) => start >= time && start < time + asked.step);
        return { time, calls: some.length, error_rate: some.length ? failed(some) / some.length : null, ...latencies(some) };
      }),
    }; // prettier-ignore
  });
  return { ...asked, providers: found };
}

const NO_RATES: PriceRates = {
  input: null, output: null, cache_read: null, cache_write: null, cache_write_1h: null, reasoning: null, audio_input: null,
  audio_cache_read: null, audio_output: null, image_input: null, image_output: null, tool_input: null, searches: null,
  requests: null, images: null, audio_hours: null, characters: null,
}; // prettier-ignore

function price(provider: string, model: string, rates: Partial<PriceRates>): PriceEntry {
  const price_id = `${provider}/${model}@genai-prices-0.1.8`;
  return {
    provider,
    model,
    price_id,
    source: 'list',
    rates: { ...NO_RATES, ...rates },
    steps: [],
    tiers: [],
    history: [],
    calls: 0,
  };
}

const OPUS = { input: 5, output: 25, cache_read: 0.5, cache_write: 6.25, cache_write_1h: 10, searches: 10 };
export const PRICES: readonly PriceEntry[] = [
  price('openai', 'gpt-5-mini', { input: 0.25, output: 2, cache_read: 0.025 }),
  { ...price('azure', 'gpt-5.5', { input: 2, output: 14 }), source: 'override', price_id: 'azure/gpt-5.5@config' },
  {
    ...price('anthropic', 'claude-opus-5-5', OPUS),
    steps: [{ above: 200_000, rates: { input: 10, output: 37.5 } }],
    tiers: [{ tier: 'batch', factor: 0.5 }],
    history: [
      { from: '2026-03-13', rates: { ...NO_RATES, ...OPUS } },
      { from: '', rates: { ...NO_RATES, ...OPUS, input: 15, output: 75 } },
    ],
  },
  ...Array.from({ length: 300 }, (_, index) =>
    price('listed', `model-${index}`, { input: index / 100, output: index / 20 }),
  ),
];

export function prices(
  made: readonly Made[],
  { q, limit, asked }: { q: string; limit: number; asked: Asked },
): PriceList {
  const spans = callsOf(made, asked);
  const found = PRICES.map((entry) => ({ ...entry, calls: spans.filter(({ model }) => model === entry.model).length }))
    .filter(({ provider, model }) => `${provider}/${model}`.includes(q.toLowerCase()))
    .sort((a, b) => b.calls - a.calls);
  return { table: 'genai-prices-0.1.8', models: PRICES.length, matching: found.length, prices: found.slice(0, limit) };
}
