// What one request costs in the proxy, beside its peers in the same run: CPU, throughput of one core, added latency,
// streams. Rounds of all peers are interleaved, so that a noisy neighbour hits everybody.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import { median, rounded, spread } from './numbers.ts';
import { PEERS, type Peer, type PeerId } from './peers/index.ts';
import { OTHER_CORE, ROOT, canPin, cpuOf, freePort, listening, memoryOf, startNode } from './processes.ts';
import { requestBytes, type Kind } from './request.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import type { Bench, BenchOptions, BenchResult, Table } from './types.ts';

interface Shape {
  readonly connections: number;
  readonly seconds: number;
  readonly rate: number;
  readonly kind: Kind;
}

const SHAPES = {
  saturated: { connections: 64, seconds: 3, rate: 0, kind: 'json' },
  sequential: { connections: 1, seconds: 2, rate: 0, kind: 'json' },
  moderate: { connections: 32, seconds: 3, rate: 250, kind: 'json' },
  first_token: { connections: 1, seconds: 2, rate: 0, kind: 'fast' },
  paced_stream: { connections: 32, seconds: 4, rate: 0, kind: 'paced' },
} as const satisfies Record<string, Shape>;

type ShapeId = keyof typeof SHAPES;

interface Sample extends LoadResult {
  /** Microseconds of CPU a request: the data path, and what works beside it. */
  readonly cpu: number;
  readonly asideCpu: number;
  readonly memory: number;
}

const WARM_SECONDS = 1;
const WARM_UP = [
  ['json', 30_000],
  ['fast', 1500],
] as const;

async function measure(peer: Peer, { kind, connections, seconds, rate }: Shape): Promise<Sample> {
  const request = requestBytes(peer.port, kind, peer.headers).toString('base64');
  const plan: LoadPlan = { port: peer.port, warmSeconds: WARM_SECONDS, request, connections, seconds, rate };
  const asideBefore = cpuOf(peer.aside);
  let before = NaN;
  let cpu = NaN;
  const result = await runLoad(plan, () => {
    before = cpuOf(peer.pids);
  });
  cpu = cpuOf(peer.pids) - before;
  const memory = peer.pids.reduce((sum, pid) => sum + memoryOf(pid), 0);
  await settle(peer.aside);
  // The reporter also worked for the warm-up's requests: count them in.
  const all = result.requests * ((result.seconds + WARM_SECONDS) / result.seconds);
  return {
    ...result,
    cpu: (cpu * 1e6) / result.requests,
    asideCpu: ((cpuOf(peer.aside) - asideBefore) * 1e6) / all,
    memory,
  };
}

/** Before the first round: enough requests that every peer's code is compiled. */
async function warm(peer: Peer): Promise<void> {
  for (const [kind, warmRequests] of WARM_UP) {
    const request = requestBytes(peer.port, kind, peer.headers).toString('base64');
    await runLoad(
      { port: peer.port, connections: 16, warmSeconds: 0, warmRequests, seconds: 0.1, rate: 0, request },
      () => {},
    );
  }
  await settle(peer.aside);
}

/** Waits until the processes beside the data path have nothing left to do. */
async function settle(pids: readonly number[]): Promise<void> {
  if (pids.length === 0) return;
  for (let tries = 0; tries < 60; tries++) {
    const before = cpuOf(pids);
    await wait(500);
    if (!(cpuOf(pids) - before > 0.03)) return;
  }
}

function runLoad(plan: LoadPlan, onWarm: () => void): Promise<LoadResult> {
  const script = [join(ROOT, 'test', 'bench', 'load.ts'), JSON.stringify(plan)];
  const [file, args] = canPin
    ? ['taskset', ['-c', String(OTHER_CORE), process.execPath, ...script]]
    : [process.execPath, script];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as { event: 'warm' } | LoadResult;
    if (message.event === 'warm') onWarm();
    else resolve(message);
  });
  child.on('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
  return promise;
}

type Results = Map<PeerId, Map<ShapeId, Sample[]>>;

async function run(options: BenchOptions): Promise<BenchResult> {
  const rounds = Number(options.values['rounds'] ?? 5);
  const upstream = await freePort();
  const mock = startNode(join(ROOT, 'test', 'bench', 'upstream.ts'), [String(upstream)], { core: OTHER_CORE });
  if (!(await listening(upstream))) throw new Error('the upstream of the benchmark did not start');
  const shapes = (options.values['shapes']?.split(',') ?? Object.keys(SHAPES)) as ShapeId[];
  const wanted = (options.values['peers']?.split(',') ?? Object.keys(PEERS)) as PeerId[];
  const peers: [PeerId, Peer][] = [];
  const leftOut: string[] = [];
  try {
    for (const id of wanted) {
      const peer = await PEERS[id](upstream);
      if ('why' in peer) leftOut.push(`${peer.name} is left out: ${peer.why}.`);
      else peers.push([id, peer]);
    }
    for (const [, peer] of peers) await warm(peer);
    const results = await measureAll(peers, { rounds, shapes }, options.say);
    return { tables: tables(peers, results, leftOut), json: summary(results) };
  } finally {
    await Promise.all(peers.map(([, peer]) => peer.stop()));
    await mock.stop();
  }
}

async function measureAll(
  peers: readonly [PeerId, Peer][],
  { rounds, shapes }: { rounds: number; shapes: readonly ShapeId[] },
  say: (line: string) => void,
): Promise<Results> {
  const results: Results = new Map(peers.map(([id]) => [id, new Map()]));
  for (let round = 1; round <= rounds; round++) {
    for (const shapeId of shapes) {
      for (const [id, peer] of peers) {
        const sample = await measure(peer, SHAPES[shapeId]);
        const row = results.get(id);
        row?.set(shapeId, [...(row.get(shapeId) ?? []), sample]);
        const { requests, errors, p50, p99, cpu } = sample;
        say(
          `round ${round} ${shapeId} ${id}: ${requests} requests, ${errors} errors, p50 ${p50.toFixed(0)} us, p99 ${p99.toFixed(0)} us, ${cpu.toFixed(1)} us CPU`,
        );
      }
    }
  }
  return results;
}

const of = (results: Results, id: PeerId, shape: ShapeId, read: (sample: Sample) => number): number[] =>
  (results.get(id)?.get(shape) ?? []).map(read).filter(Number.isFinite);

/** Difference to direct, round by round. */
function added(results: Results, id: PeerId, shape: ShapeId, read: (sample: Sample) => number): number[] {
  const floor = of(results, 'direct', shape, read);
  return of(results, id, shape, read).map((value, round) => value - (floor[round] ?? NaN));
}

function ratios(results: Results, other: PeerId, read: (sample: Sample) => number): number[] {
  const theirs = of(results, other, 'saturated', read);
  return of(results, 'signalbox', 'saturated', read).map((value, round) => value / (theirs[round] ?? NaN));
}

/** Percent of a core that the data path had: below about 90 the generator was the limit, or a neighbour. */
const coreUse = ({ cpu, requests, seconds }: Sample) => (cpu * requests) / seconds / 1e4;

function tables(peers: readonly [PeerId, Peer][], results: Results, leftOut: readonly string[]): Table[] {
  const each = (columns: (id: PeerId) => string[]) => peers.map(([id, peer]) => [peer.name, ...columns(id)]);
  const bareCpu = median(of(results, 'bare', 'saturated', (sample) => sample.cpu));
  return [
    {
      title: 'Saturation: 64 connections, 2 kB request, 472 B answer',
      columns: ['', 'requests/s', 'core used', 'CPU us/request', 'x bare', 'beside it, us/request', 'RSS MB', 'errors'],
      rows: each((id) => [
        spread(
          of(results, id, 'saturated', (sample) => sample.requests / sample.seconds),
          0,
        ),
        `${spread(of(results, id, 'saturated', coreUse), 0)} %`,
        spread(of(results, id, 'saturated', (sample) => sample.cpu)),
        (median(of(results, id, 'saturated', (sample) => sample.cpu)) / bareCpu).toFixed(2),
        id.startsWith('signalbox') ? spread(of(results, id, 'saturated', (sample) => sample.asideCpu)) : '-',
        spread(
          of(results, id, 'saturated', (sample) => sample.memory),
          0,
        ),
        String(of(results, id, 'saturated', (sample) => sample.errors).reduce((sum, count) => sum + count, 0)),
      ]),
      notes: [
        'Proxy on one core; generator, upstream and reporter on the other, so requests/s of the fastest rows is bounded by that core. Compare CPU.',
        '"Beside it" is the reporter (OpenTelemetry SDK, OTLP/JSON; at low priority on the other core) and the supervisor, until the spool is empty.',
        ...leftOut,
      ],
    },
    {
      title: 'Latency added over direct, microseconds',
      columns: ['', 'c=1 p50', 'c=1 p99', '250/s p50', '250/s p99', 'CPU us/request at 250/s'],
      rows: each((id) => [
        spread(
          added(results, id, 'sequential', (sample) => sample.p50),
          0,
        ),
        spread(
          added(results, id, 'sequential', (sample) => sample.p99),
          0,
        ),
        spread(
          added(results, id, 'moderate', (sample) => sample.p50),
          0,
        ),
        spread(
          added(results, id, 'moderate', (sample) => sample.p99),
          0,
        ),
        spread(
          of(results, id, 'moderate', (sample) => sample.cpu),
          0,
        ),
      ]),
      notes: [
        `Direct: c=1 p50 ${spread(
          of(results, 'direct', 'sequential', (sample) => sample.p50),
          0,
        )}, p99 ${spread(
          of(results, 'direct', 'sequential', (sample) => sample.p99),
          0,
        )} us.`,
      ],
    },
    {
      title: 'Streams: 50 chunks',
      columns: ['', 'added first token p50 us', 'added first token p99 us', 'CPU us/chunk, 32 streams at 100 chunks/s'],
      rows: each((id) => [
        spread(
          added(results, id, 'first_token', (sample) => sample.firstP50),
          0,
        ),
        spread(
          added(results, id, 'first_token', (sample) => sample.firstP99),
          0,
        ),
        spread(of(results, id, 'paced_stream', (sample) => sample.cpu / 51)),
      ]),
      notes: [],
    },
  ];
}

function summary(results: Results): Record<string, unknown> {
  const cpu = of(results, 'signalbox', 'saturated', (sample) => sample.cpu);
  const ours = median(cpu);
  const aside = median(of(results, 'signalbox', 'saturated', (sample) => sample.asideCpu));
  const ms = (values: readonly number[]) => rounded(median(values) / 1000, 3);
  return {
    cpu_us_per_request: rounded(ours, 1),
    cpu_us_per_request_with_reporter: rounded(ours + aside, 1),
    rps_per_core: rounded(1e6 / ours, 0),
    ratio_to_bare: rounded(median(ratios(results, 'bare', (sample) => sample.cpu))),
    ratio_to_nginx: rounded(median(ratios(results, 'nginx', (sample) => sample.cpu))),
    ratio_to_portkey: rounded(median(ratios(results, 'portkey', (sample) => sample.cpu)), 3),
    added_p50_ms: ms(added(results, 'signalbox', 'sequential', (sample) => sample.p50)),
    added_p99_ms: ms(added(results, 'signalbox', 'sequential', (sample) => sample.p99)),
    added_p50_ms_at_250_rps: ms(added(results, 'signalbox', 'moderate', (sample) => sample.p50)),
    added_p99_ms_at_250_rps: ms(added(results, 'signalbox', 'moderate', (sample) => sample.p99)),
    added_first_token_ms: ms(added(results, 'signalbox', 'first_token', (sample) => sample.firstP50)),
    stream_cpu_us_per_chunk: rounded(median(of(results, 'signalbox', 'paced_stream', (sample) => sample.cpu / 51)), 1),
    rps_saturated: rounded(
      median(of(results, 'signalbox', 'saturated', (sample) => sample.requests / sample.seconds)),
      0,
    ),
    pinned: canPin,
    rounds: cpu.length,
  };
}

export const proxy: Bench = {
  name: 'proxy',
  summary: 'CPU, throughput and added latency of one proxy worker beside nginx, a bare forwarder and Portkey',
  run,
};
