// What a translation costs: the work of one request (reading the caller's call, writing the provider's, the answer back)
// and of one chunk of a stream, for pairs of dialects in this process; and the worker's CPU a request and a chunk, translated
// and untranslated, in rounds beside each other.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ChatDialectId } from '../../schemas/call.ts';
import { CHATS } from '../../schemas/dialects/index.ts';
import type { ChatDialect, Frame } from '../../schemas/dialects/types.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { median, rounded, spread } from './numbers.ts';
import {
  canPin,
  cpuOf,
  freePort,
  listening,
  MEASURED_CORE,
  OTHER_CORE,
  pin,
  processTree,
  ROOT,
  startNode,
} from './processes.ts';
import type { Started } from './processes.ts';
import { requestBytes } from './request.ts';
import type { Bench, BenchOptions, BenchResult } from './types.ts';

const PAIRS: readonly (readonly [ChatDialectId, ChatDialectId])[] = [
  ['openai_chat', 'anthropic'],
  ['anthropic', 'openai_chat'],
  ['openai_chat', 'gemini'],
  ['gemini', 'openai_chat'],
  ['openai_responses', 'anthropic'],
  ['openai_chat', 'bedrock'],
  ['anthropic', 'gemini'],
  ['ollama_chat', 'openai_chat'],
];
const WORDS = 50;
const SECONDS = 0.5;

function dialect(id: ChatDialectId): ChatDialect {
  const found = CHATS[id];
  if (found === undefined) throw new Error(`${id} is no chat dialect`);
  return found;
}

/** The benchmark's request as the caller's dialect says it, by way of chat completions. */
function requestOf(caller: ChatDialect): unknown {
  const text = requestBytes(1, 'json').toString();
  const body: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
  const call = dialect('openai_chat').readCall({ body, model: 'm', stream: true });
  return caller.writeCall(call, { model: 'm', stream: true, quirks: {} }).body;
}

const USAGE = { input: 431, cacheRead: 0, cacheWrite: 0, output: WORDS, reasoning: 0 };

/** A stream of fifty words as the provider's dialect says it. */
function framesOf(provider: ChatDialect, caller: ChatDialect): readonly Frame[] {
  const call = caller.readCall({ body: requestOf(caller), model: 'm', stream: true });
  const encoder = provider.encoder({ model: 'm', created: 0, id: 'bench', streamUsage: true, call });
  const at = { choice: 0, index: 0 };
  const words = Array.from({ length: WORDS }, () => ({ type: 'delta' as const, ...at, text: ' arrives' }));
  return [
    encoder.push({ type: 'start', id: 'bench', model: 'm' }),
    encoder.push({ type: 'open', ...at, part: { type: 'text', content: '' } }),
    ...words.map((word) => encoder.push(word)),
    encoder.push({ type: 'close', ...at }),
    encoder.push({ type: 'finish', choice: 0, reason: 'stop' }),
    encoder.push({ type: 'usage', usage: USAGE }),
    encoder.push({ type: 'end' }),
  ].flat();
}

/** Microseconds of CPU one run takes. */
function timed(run: () => void): number {
  const warm = performance.now() + 200;
  while (performance.now() < warm) run();
  let runs = 0;
  const before = process.cpuUsage();
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; runs++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
}

interface Cost {
  readonly request: number;
  readonly answer: number;
  readonly chunk: number;
}

function costOf(callerId: ChatDialectId, providerId: ChatDialectId): Cost {
  const [caller, provider] = [dialect(callerId), dialect(providerId)];
  const text = JSON.stringify(requestOf(caller));
  const frames = framesOf(provider, caller);
  const call = caller.readCall({ body: JSON.parse(text), model: 'm', stream: true });
  const asked = { model: 'm', created: 0, id: 'bench', streamUsage: true, call };
  const message = { role: 'assistant', parts: [{ type: 'text', content: 'It arrives tomorrow.' }] } as const;
  const output = { usage: USAGE, model: 'm', id: 'bench', complete: true, error: undefined };
  const whole = provider.writeOutput({ ...output, messages: [{ ...message, finish_reason: 'stop' }] }, asked);
  const answer = JSON.stringify(whole);
  const request = timed(() => {
    const read = caller.readCall({ body: JSON.parse(text), model: 'm', stream: true });
    JSON.stringify(provider.writeCall(read, { model: 'm', stream: true, quirks: {} }).body);
  });
  const back = timed(() => {
    JSON.stringify(caller.writeOutput(provider.readOutput(JSON.parse(answer)), asked));
  });
  const stream = timed(() => {
    const decoder = provider.decoder();
    const encoder = caller.encoder(asked);
    for (const { event, data } of frames) for (const each of decoder.push(event, data)) encoder.push(each);
  });
  return { request, answer: back, chunk: stream / frames.length };
}

interface Worker {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The command as people run it. What it sends upstream is OpenAI's chat; only the caller's dialect differs. */
async function startWorker(upstream: number): Promise<Worker> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const port = await freePort();
  const config = {
    proxy: { listen: `127.0.0.1:${port}`, workers: 1, collector: `http://127.0.0.1:${upstream}` },
    providers: {
      openai: { base_url: `http://127.0.0.1:${upstream}/v1`, api_key: 'bench-key', models: ['gpt-5-mini'] },
    },
  };
  writeFileSync(join(dir, 'signalbox.yaml'), JSON.stringify(config));
  const args = ['proxy', '--config', join(dir, 'signalbox.yaml'), '--data', join(dir, 'data')];
  const started: Started = startNode(join(ROOT, 'signalbox.ts'), args, { core: OTHER_CORE });
  const stop = async () => {
    await started.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 200 && (await listening(port)); tries++) {
    const worker = processTree(started.child.pid ?? 0).find(({ command }) => command.includes('--child proxy'));
    if (worker !== undefined) {
      pin(worker.pid, MEASURED_CORE);
      return { port, pid: worker.pid, stop };
    }
    await wait(100);
  }
  await stop();
  throw new Error('signalbox proxy did not start');
}

const PATHS = { openai_chat: '/v1/chat/completions', anthropic: '/v1/messages', openai_responses: '/v1/responses' };
type Asker = 'openai_chat' | 'anthropic';
const ASKERS: readonly Asker[] = ['openai_chat', 'anthropic'];

function bytesOf(asker: Asker, port: number, streamed: boolean): Buffer {
  const written = requestOf(dialect(asker)) as Record<string, unknown>;
  const { stream_options: _, ...asked } = written;
  const body = JSON.stringify({ ...asked, model: 'gpt-5-mini', stream: streamed });
  const head = requestBytes(port, 'json').toString().split('\r\n\r\n', 1)[0] ?? '';
  const length = `content-length: ${Buffer.byteLength(body)}`;
  const changed = head.replace(PATHS.openai_chat, PATHS[asker]).replace(/content-length: \d+/, length);
  return Buffer.from(`${changed}\r\n\r\n${body}`);
}

interface Loaded {
  readonly cpu: number;
  readonly errors: number;
}

/** Microseconds of the worker's CPU a request. @param warmRequests answers to wait for until its code is compiled */
async function loaded({ port, pid }: Worker, request: Buffer, warmRequests = 0): Promise<Loaded> {
  const plan: LoadPlan = {
    port,
    connections: 32,
    warmSeconds: 1,
    warmRequests,
    seconds: warmRequests > 0 ? 0.2 : 3,
    rate: 0,
    request: request.toString('base64'),
  };
  const script = [join(ROOT, 'test', 'bench', 'load.ts'), JSON.stringify(plan)];
  const command = canPin ? ['taskset', '-c', String(OTHER_CORE), process.execPath] : [process.execPath];
  const child = spawn(command[0] ?? '', [...command.slice(1), ...script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let before = NaN;
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as { event: 'warm' } | LoadResult;
    if (message.event === 'warm') before = cpuOf([pid]);
    else resolve(message);
  });
  child.on('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
  const { requests, errors } = await promise;
  return { cpu: ((cpuOf([pid]) - before) * 1e6) / requests, errors };
}

const WAYS = ['whole', 'stream'] as const;
const LOADS = ASKERS.flatMap((asker) => WAYS.map((way) => [asker, way] as const));
type Samples = Record<Asker, { whole: number[]; stream: number[]; errors: number }>;

async function measured({ values, say }: BenchOptions): Promise<Samples> {
  const upstream = await freePort();
  const mock = startNode(join(ROOT, 'test', 'bench', 'upstream.ts'), [String(upstream)], { core: OTHER_CORE });
  const samples: Samples = {
    openai_chat: { whole: [], stream: [], errors: 0 },
    anthropic: { whole: [], stream: [], errors: 0 },
  };
  let worker: Worker | undefined;
  try {
    if (!(await listening(upstream))) throw new Error('the upstream of the benchmark did not start');
    worker = await startWorker(upstream);
    for (const asker of ASKERS) {
      await loaded(worker, bytesOf(asker, worker.port, false), 15_000);
      await loaded(worker, bytesOf(asker, worker.port, true), 1_500);
    }
    for (let round = 1; round <= Number(values['rounds'] ?? 3); round++) {
      for (const [asker, way] of LOADS) {
        const { cpu, errors } = await loaded(worker, bytesOf(asker, worker.port, way === 'stream'));
        samples[asker][way].push(cpu);
        samples[asker].errors += errors;
        say(`round ${round} ${asker} ${way}: ${cpu.toFixed(1)} us CPU, ${errors} errors`);
      }
    }
    return samples;
  } finally {
    await worker?.stop();
    await mock.stop();
  }
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const costs = PAIRS.map(([caller, provider]) => ({ caller, provider, ...costOf(caller, provider) }));
  const samples = await measured(options);
  const { openai_chat: same, anthropic: translated } = samples;
  const ratio = (way: 'whole' | 'stream') => median(translated[way]) / median(same[way]);
  const us = (value: number) => value.toFixed(1);
  return {
    tables: [
      {
        title: 'One translation, microseconds: 2 kB request, short answer, stream of 50 words',
        columns: ['caller', 'provider', 'request', 'whole answer', 'chunk'],
        rows: costs.map(({ caller, provider, request, answer, chunk }) => [
          caller,
          provider,
          us(request),
          us(answer),
          us(chunk),
        ]),
        notes: ['Parsing and writing JSON included; framing and sockets not.'],
      },
      {
        title: "The worker's CPU, microseconds, the provider speaking OpenAI's chat",
        columns: ['caller', 'a request, whole', 'a stream of 50 chunks', 'a chunk of it', 'errors'],
        rows: ASKERS.map((asker) => [
          asker === 'openai_chat' ? 'openai_chat (untranslated)' : `${asker} (translated)`,
          spread(samples[asker].whole),
          spread(samples[asker].stream),
          us(median(samples[asker].stream) / (WORDS + 1)),
          String(samples[asker].errors),
        ]),
        notes: [
          `Translated over untranslated: ${ratio('whole').toFixed(2)} whole, ${ratio('stream').toFixed(2)} streamed.`,
        ],
      },
    ],
    json: {
      pairs: costs.map(({ caller, provider, ...cost }) => ({
        caller,
        provider,
        request_us: rounded(cost.request, 1),
        answer_us: rounded(cost.answer, 1),
        chunk_us: rounded(cost.chunk, 2),
      })),
      same_dialect_cpu_us_per_request: rounded(median(same.whole), 1),
      translated_cpu_us_per_request: rounded(median(translated.whole), 1),
      same_dialect_cpu_us_per_chunk: rounded(median(same.stream) / (WORDS + 1), 2),
      translated_cpu_us_per_chunk: rounded(median(translated.stream) / (WORDS + 1), 2),
      errors: same.errors + translated.errors,
      pinned: canPin,
    },
  };
}

export const translate: Bench = {
  name: 'translate',
  summary: 'What translating between dialects costs a request and a chunk, beside forwarding untranslated',
  run,
};
