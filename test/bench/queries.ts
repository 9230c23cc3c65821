// How fast the API answers over millions of spans: the list, its facets, one trace, series, text.

import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../../demo/random.ts';
import { scratch, startCollectorIn, type RunningCollector } from './collector.ts';
import { DAYS, generate, traceIdOf, type Generated } from './generate.ts';
import { quantile, rounded } from './numbers.ts';
import type { Bench, BenchOptions, BenchResult } from './types.ts';

type Question = (random: Random, generated: Generated) => string;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A window that ends somewhere in the past two days. */
function window(length: number): Question {
  return (random, { from, to }) => {
    const end = length >= DAYS * DAY ? to : to - Math.floor(random.next() * 2 * DAY);
    return `from=${Math.max(from, end - length)}&to=${end}`;
  };
}

const query = (path: string, length: number, ...more: ((random: Random) => string)[]): Question => {
  const range = window(length);
  return (random, generated) =>
    `/api/v1/${path}?${[range(random, generated), ...more.map((each) => each(random))].join('&')}`;
};

const q = (make: (random: Random) => string) => (random: Random) => `q=${encodeURIComponent(make(random))}`;
const model = (random: Random) => `model:${random.pick(['gpt-5-mini', 'gpt-5', 'claude-haiku-4-5', 'llama-3.3-70b'])}`;

type Group = 'list' | 'facets' | 'trace' | 'series' | 'text';

const QUESTIONS: Readonly<Record<Group, Readonly<Record<string, Question>>>> = {
  list: {
    'newest 50 of a day': query('traces', DAY),
    'errors of a week': query(
      'traces',
      7 * DAY,
      q(() => 'status:error'),
    ),
    'one model, one team, a day': query(
      'traces',
      DAY,
      q((random) => `${model(random)} team:${random.pick(['support', 'growth', 'sales'])}`),
    ),
    'slower than 10 s, two weeks': query(
      'traces',
      14 * DAY,
      q(() => 'duration:>10s'),
    ),
    'one user, two weeks': query(
      'traces',
      14 * DAY,
      q((random) => `user:user-${random.int(100, 49_000)}`),
    ),
  },
  facets: {
    'a day': query('facets', DAY),
    'a week, one model': query('facets', 7 * DAY, q(model)),
    'two weeks': query('facets', 14 * DAY),
    'two weeks of errors': query(
      'facets',
      14 * DAY,
      q(() => 'status:error'),
    ),
  },
  trace: {
    'by id': (random, { spans }) => `/api/v1/traces/${traceIdOf(random.int(0, Math.floor(spans / 2) - 1))}`,
  },
  series: {
    'requests, errors, a day in 15 min': query('series', DAY, () => 'metric=requests,errors&step=15m'),
    'p95 and cost by model, a day in 15 min': query('series', DAY, () => 'metric=latency_p95,cost&by=model&step=15m'),
    'p50, p95, p99, two weeks in 6 h': query(
      'series',
      14 * DAY,
      () => 'metric=latency_p50,latency_p95,latency_p99&step=6h',
    ),
    'tokens by team, two weeks in 1 d': query('series', 14 * DAY, () => 'metric=tokens&by=team&step=1d'),
    'errors of one model, a week in 1 h': query('series', 7 * DAY, () => 'metric=errors,requests&step=1h', q(model)),
  },
  text: {
    'a rare word, two weeks': query(
      'traces',
      14 * DAY,
      q((random) => `w${random.int(15_000, 19_999)}`),
    ),
    'a common word, a day': query(
      'traces',
      DAY,
      q((random) => `w${random.int(3, 60)}`),
    ),
    'a common word, two weeks': query(
      'traces',
      14 * DAY,
      q((random) => `w${random.int(3, 60)}`),
    ),
    'a word that is not there': query(
      'traces',
      14 * DAY,
      q((random) => `missing${random.int(1, 999)}`),
    ),
  },
};

interface Answered {
  readonly group: Group;
  readonly name: string;
  readonly times: readonly number[];
  readonly failures: readonly string[];
}

async function ask(
  collector: RunningCollector,
  generated: Generated,
  [group, name, question]: [Group, string, Question],
  times: number,
): Promise<Answered> {
  const random = new Random(`${group}/${name}`);
  const taken: number[] = [];
  const failures: string[] = [];
  for (let at = -2; at < times; at++) {
    const path = question(random, generated);
    const started = performance.now();
    try {
      await collector.get(path);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    // The first two warm the caches, as a page that stands open would have.
    if (at >= 0) taken.push(performance.now() - started);
  }
  return { group, name, times: taken, failures };
}

/** Until the engine has merged: what a store looks like that was filled over two weeks and not in two minutes. */
async function calm(collector: RunningCollector, say: (line: string) => void): Promise<void> {
  let last = -1;
  for (let quiet = 0, tries = 0; quiet < 6 && tries < 180; tries++) {
    const { parts } = (await collector.status()).store;
    quiet = parts === last ? quiet + 1 : 0;
    last = parts;
    await wait(2000);
  }
  const { rows, parts, disk_bytes: disk } = (await collector.status()).store;
  say(`${rows} rows in ${parts} parts, ${(disk / 1e6).toFixed(0)} MB`);
}

async function run({ values, say }: BenchOptions): Promise<BenchResult> {
  const spans = Number(values['spans'] ?? 1_000_000);
  const times = Number(values['rounds'] ?? 20);
  const place = scratch();
  const generated = await generate(`${place.dir}/data`, spans, say);
  const collector = await startCollectorIn(place.dir);
  try {
    await calm(collector, say);
    const { store } = await collector.status();
    const answered: Answered[] = [];
    for (const [group, questions] of Object.entries(QUESTIONS) as [Group, Record<string, Question>][]) {
      for (const [name, question] of Object.entries(questions)) {
        const each = await ask(collector, generated, [group, name, question], times);
        answered.push(each);
        say(
          `${group}: ${name}: p50 ${quantile(each.times, 0.5).toFixed(1)} ms, p95 ${quantile(each.times, 0.95).toFixed(1)} ms ${each.failures[0] ?? ''}`,
        );
      }
    }
    return report(answered, store);
  } finally {
    await collector.stop();
    place.remove();
  }
}

function report(
  answered: readonly Answered[],
  store: { rows: number; parts: number; disk_bytes: number },
): BenchResult {
  const p = (group: Group, quant: number) =>
    quantile(
      answered.filter((each) => each.group === group).flatMap((each) => each.times),
      quant,
    );
  const groups = Object.keys(QUESTIONS) as Group[];
  const failed = answered.reduce((sum, each) => sum + each.failures.length, 0);
  return {
    tables: [
      {
        title: `API over HTTP, ${store.rows} spans of ${DAYS} days in ${store.parts} parts, ${(store.disk_bytes / 1e6).toFixed(0)} MB`,
        columns: ['', 'p50 ms', 'p95 ms', 'max ms', 'asked', 'failed'],
        rows: answered.map(({ group, name, times, failures }) => [
          `${group}: ${name}`,
          quantile(times, 0.5).toFixed(1),
          quantile(times, 0.95).toFixed(1),
          Math.max(...times).toFixed(1),
          String(times.length),
          String(failures.length),
        ]),
        notes: [
          'One question at a time, other parameters each time, caches warm. Two rows a trace; every second span has prompt and answer.',
        ],
      },
    ],
    json: {
      spans: store.rows,
      ...Object.fromEntries(
        groups.flatMap((group) => [
          [`${group}_p50_ms`, rounded(p(group, 0.5), 1)],
          [`${group}_p95_ms`, rounded(p(group, 0.95), 1)],
        ]),
      ),
      failed,
      disk_bytes: store.disk_bytes,
    },
  };
}

export const queries: Bench = {
  name: 'queries',
  summary: 'list, facets, trace, series and text over --spans N spans (1,000,000 unless said)',
  run,
};
