// The mixed traffic of the ledger tests, and the wait until the store has all of it.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRows, readTotals } from './ledger.ts';
import { until } from './proc.ts';
import type { Planned } from './load.ts';
import type { Signalbox } from './proc.ts';
import type { Upstream } from './upstream.ts';
import type { TraceSummary } from '../../schemas/api.ts';
import type { ServedDialect } from './upstream-answers.ts';

const FAULTS = [
  'fault-500',
  'fault-503',
  'fault-400',
  'fault-once-500',
  'fault-rst-after-3',
  'fault-fin-mid',
  'fault-close-mid',
  'fault-malformed',
  'fault-error-event',
  'fault-no-usage',
  'fault-empty',
  'fault-html',
];

/**
 * Routes by the place in four hundred calls that asks for them: a provider that says nothing, one that falls silent,
 * one that fails with another behind it. Their deadlines are long enough for a busy machine to deliver the request.
 */
const ROUTES: Readonly<Record<number, string>> = {
  21: 'hang',
  61: 'stall',
  22: 'stall',
  64: 'rescued',
  105: 'rescued',
  141: 'silent',
  142: 'silent',
};

/** Only some models have a price: the others must be unpriced, not free. */
export const PRICES = {
  'gpt-ok': { input: 1, output: 4, cache_read: 0.25 },
  'gpt-tools': { input: 3, output: 12 },
  'claude-ok': { input: 2, output: 10, cache_read: 0.2, cache_write: 2.5 },
  'text-embedding-ok': { input: 0.02, output: 0 },
};

export function dialectOf(index: number): ServedDialect {
  const share = index % 20;
  if (share < 9) return 'openai_chat';
  if (share < 15) return 'anthropic';
  return share < 18 ? 'openai_responses' : 'openai_embeddings';
}

export const PREFIX: Readonly<Record<ServedDialect, string>> = {
  openai_chat: 'gpt-',
  openai_responses: 'gpt-',
  openai_embeddings: 'text-embedding-',
  anthropic: 'claude-',
};

/** The mix follows from the index alone: a run can be repeated. */
export function planned(index: number): Planned {
  const dialect = dialectOf(index);
  const stream = dialect !== 'openai_embeddings' && Math.floor(index / 20) % 2 === 0;
  const plan = { id: `r${index}`, dialect, stream, includeUsage: index % 3 === 0 };
  const model = (scenario: string) => PREFIX[dialect] + scenario;
  if (index % 10 === 7) {
    const fault = FAULTS[Math.floor(index / 10) % FAULTS.length] ?? 'ok';
    return { ...plan, model: model(fault) };
  }
  const route = ROUTES[index % 400];
  if (route !== undefined && dialect === 'openai_chat') return { ...plan, model: route };
  if (index % 100 === 3) return { ...plan, model: model('slow'), abortAfterMs: 120 };
  const scenario = ['ok', 'ok', 'ok', 'tools', 'reasoning', 'long'][index % 6] ?? 'ok';
  return { ...plan, model: model(dialect === 'openai_embeddings' ? 'ok' : scenario) };
}

export function configFor(upstream: Upstream, workers: number): unknown {
  const prices = Object.entries(PRICES).map(([model, price]) => [
    `${model.startsWith('claude') ? 'anthropic' : 'openai'}/${model}`,
    price,
  ]);
  return {
    proxy: { workers },
    providers: {
      openai: { base_url: `${upstream.url}/v1`, api_key: 'provider-key' },
      anthropic: { base_url: upstream.url, api_key: 'provider-key' },
    },
    prices: Object.fromEntries(prices),
    routes: {
      hang: route('openai/gpt-fault-hang', { deadlines: { total: '1s' } }),
      silent: route('openai/gpt-fault-hang', {
        strategy: 'fallback',
        fallback: ['openai/gpt-ok'],
        deadlines: { first_token: '1s' },
      }),
      stall: route('openai/gpt-fault-stall', { deadlines: { idle: '500ms' } }),
      rescued: route('openai/gpt-fault-500', { strategy: 'fallback', fallback: ['openai/gpt-ok'] }),
    },
  };
}

function route(model: string, more: object): unknown {
  return { targets: [{ model }], retry: { attempts: 1 }, ...more };
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whole minutes around the run: the rollups know nothing finer. */
export function rangeSince(start: number): Range {
  return { from: Math.floor(start / 60_000) * 60_000 - 60_000, to: Math.ceil(Date.now() / 60_000) * 60_000 + 60_000 };
}

/** Waits until the store has as many requests as there must be, and a little longer for one too many. */
export async function settledRows(signalbox: Signalbox, range: Range, atLeast: number): Promise<TraceSummary[]> {
  let count = 0;
  const ask = async () => (count = (await readTotals(signalbox.collectorUrl, ['requests'], range))['requests'] ?? 0);
  await until(`${atLeast} requests in the store`, async () => (await ask()) >= atLeast, 45_000).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}; there are ${count}\n${signalbox.said().slice(-4_000)}`);
    },
  );
  await sleep(2_000);
  return readRows(signalbox.collectorUrl, range.from, range.to);
}

export function report(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `${problems.length} differences:\n${problems.slice(0, 40).join('\n')}`);
}
