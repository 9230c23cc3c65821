// How much OTLP one core of the collector takes, from the protobuf on the socket to rows that can be asked for, and
// what a span weighs on disk.

import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { Random } from '../../demo/random.ts';
import { scratch, startCollectorIn, type RunningCollector } from './collector.ts';
import { median, rounded, spread } from './numbers.ts';
import { otlpBatch } from './otlp.ts';
import { MEASURED_CORE, canPin, cpuOf } from './processes.ts';
import type { Bench, BenchOptions, BenchResult } from './types.ts';

const BATCH = 512;
const IN_FLIGHT = 4;

interface Sample {
  readonly spans: number;
  readonly sentBytes: number;
  /** Seconds until the last 200, and until the last row could be asked for. */
  readonly durable: number;
  readonly visible: number;
  readonly cpu: number;
  readonly diskBytes: number;
}

async function measure(payload: boolean, spans: number, seed: string): Promise<Sample> {
  // Made before anything is sent: a sender that is busy for seconds finds its idle connections closed.
  const random = new Random(seed);
  const first = batches(random, payload, 40);
  const load = batches(random, payload, Math.ceil(spans / BATCH));
  const place = scratch();
  const collector = await startCollectorIn(place.dir, MEASURED_CORE);
  try {
    await send(collector, first); // code gets warm, tables get their first parts
    const before = await settled(collector, first.length * BATCH);
    const cpuBefore = cpuOf(collector.pids);
    const started = performance.now();
    await send(collector, load);
    const durable = (performance.now() - started) / 1000;
    const count = load.length * BATCH;
    await visible(collector, before.rows + count);
    const seen = (performance.now() - started) / 1000;
    const cpu = cpuOf(collector.pids) - cpuBefore;
    const after = await settled(collector, before.rows + count);
    const sentBytes = load.reduce((sum, body) => sum + body.length, 0);
    return { spans: count, sentBytes, durable, visible: seen, cpu, diskBytes: after.bytes / after.rows };
  } finally {
    await collector.stop();
    place.remove();
  }
}

const batches = (random: Random, payload: boolean, count: number) =>
  Array.from({ length: count }, () => otlpBatch({ spans: BATCH, payload, random, now: Date.now() }));

async function send({ url }: RunningCollector, bodies: readonly Buffer[]): Promise<void> {
  const left = [...bodies];
  const lane = async () => {
    for (let body = left.pop(); body; body = left.pop()) {
      const headers = { 'content-type': 'application/x-protobuf' };
      const answer = await request(`${url}/v1/traces`, { method: 'POST', headers, body });
      await answer.body.dump();
      // Full queues say 429 or 503 and when to come back; a sender comes back.
      if (answer.statusCode === 200) continue;
      if (answer.statusCode !== 429 && answer.statusCode !== 503)
        throw new Error(`the collector answered ${answer.statusCode}`);
      await wait(200);
      left.push(body);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function visible(collector: RunningCollector, rows: number): Promise<void> {
  while ((await collector.status()).store.rows < rows) await wait(50);
}

/** Disk use once the engine has merged what it wants to merge: when nothing changed for five seconds. */
async function settled(collector: RunningCollector, rows: number): Promise<{ rows: number; bytes: number }> {
  await visible(collector, rows);
  let last = '';
  for (let calm = 0, tries = 0; calm < 10 && tries < 240; tries++) {
    const { store } = await collector.status();
    const now = `${store.parts} ${store.disk_bytes}`;
    calm = now === last ? calm + 1 : 0;
    last = now;
    await wait(500);
  }
  const { store } = await collector.status();
  return { rows: store.rows, bytes: store.disk_bytes };
}

async function run({ values, say }: BenchOptions): Promise<BenchResult> {
  const rounds = Number(values['rounds'] ?? 3);
  const spans = Number(values['spans'] ?? 102_400);
  const samples = { without: [] as Sample[], with: [] as Sample[] };
  for (let round = 1; round <= rounds; round++) {
    for (const kind of ['without', 'with'] as const) {
      const sample = await measure(kind === 'with', spans, `${kind}${round}`);
      samples[kind].push(sample);
      say(
        `round ${round} ${kind} payload: ${(sample.spans / sample.cpu).toFixed(0)} spans per CPU second, ${(sample.spans / sample.visible).toFixed(0)} spans/s, ${sample.diskBytes.toFixed(0)} B/span`,
      );
    }
  }
  const of = (kind: keyof typeof samples, read: (sample: Sample) => number) => samples[kind].map(read);
  const row = (kind: keyof typeof samples) => [
    kind === 'with' ? 'with prompt and answer' : 'without',
    spread(
      of(kind, (sample) => sample.sentBytes / sample.spans),
      0,
    ),
    spread(
      of(kind, (sample) => sample.spans / sample.cpu),
      0,
    ),
    spread(
      of(kind, (sample) => sample.spans / sample.durable),
      0,
    ),
    spread(
      of(kind, (sample) => sample.spans / sample.visible),
      0,
    ),
    spread(
      of(kind, (sample) => sample.diskBytes),
      0,
    ),
  ];
  const bytes = median(of('without', (sample) => sample.diskBytes));
  return {
    tables: [
      {
        title: `OTLP/HTTP protobuf, batches of ${BATCH}, ${spans} spans a round`,
        columns: [
          'payload',
          'bytes/span sent',
          'spans per CPU second',
          'spans/s until durable',
          'spans/s until visible',
          'disk bytes/span',
        ],
        rows: [row('without'), row('with')],
        notes: [
          'The whole collector process counts: receiving, queue, embedded engine, merges. Disk is all tables, indexes and rollups together.',
        ],
      },
    ],
    json: {
      spans_per_s_per_core: rounded(median(of('without', (sample) => sample.spans / sample.cpu)), 0),
      spans_per_s_per_core_with_payload: rounded(median(of('with', (sample) => sample.spans / sample.cpu)), 0),
      spans_per_s_visible: rounded(median(of('without', (sample) => sample.spans / sample.visible)), 0),
      bytes_per_span: rounded(bytes, 0),
      payload_bytes_per_span: rounded(median(of('with', (sample) => sample.diskBytes)) - bytes, 0),
      sent_bytes_per_span: rounded(median(of('without', (sample) => sample.sentBytes / sample.spans)), 0),
      pinned: canPin,
      rounds,
    },
  };
}

export const ingest: Bench = {
  name: 'ingest',
  summary: 'OTLP in to rows visible: spans a second and core, bytes a span on disk',
  run,
};
