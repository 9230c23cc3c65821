// Scenarios against the running proxy, as its clients would: plain HTTP, keep-alive, streams read to their end.

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { messageOf, type Logger } from '../../runtime/log.ts';
import type { CallOutput } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { SseDecoder } from '../../schemas/framing/sse.ts';
import type { Incident } from '../incidents.ts';
import { Random } from '../random.ts';
import { CALLS_PER_SCENARIO, rateAt } from './rate.ts';
import { clientRequest, wireOf, type Wire } from './requests.ts';
import { play } from './scenarios.ts';
import { sendSpans, type DemoSpan } from './spans.ts';
import type { ModelCall, Reply, World } from './world.ts';

export interface LiveOptions {
  /** Base URLs. */
  readonly proxy: string;
  readonly collector: string;
  readonly seed: string;
  /** Model calls a second, averaged over a compressed day. */
  readonly rate: number;
  readonly active: () => readonly Incident[];
  readonly log: Logger;
}

const MAX_RUNNING = 300;
const EXPORT_MS = 1000;
const NOTHING: Reply = { ok: false, text: '', toolCalls: [] };

export class LiveTraffic implements World {
  readonly #options: LiveOptions;
  readonly #agent = new Agent({
    connections: 256,
    keepAliveTimeout: 30_000,
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  });
  readonly #stop = new AbortController();
  readonly #arrivals: Random;
  #spans: DemoSpan[] = [];
  #running = 0;
  #scenarios = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#arrivals = new Random(`${options.seed}/arrivals`);
  }

  /** Generates until close(). */
  async run(): Promise<void> {
    const exporting = setInterval(() => void this.#export(), EXPORT_MS);
    while (!this.#stop.signal.aborted) {
      const perSecond = rateAt(Date.now(), this.#options.rate) / CALLS_PER_SCENARIO;
      await this.wait((-Math.log(1 - this.#arrivals.next()) / perSecond) * 1000).catch(() => undefined);
      if (this.#running < MAX_RUNNING && !this.#stop.signal.aborted) void this.#play();
    }
    clearInterval(exporting);
  }

  async #play(): Promise<void> {
    this.#running++;
    const random = new Random(`${this.#options.seed}/live/${this.#scenarios++}`);
    try {
      await play(this, random);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.log.warn('a demo call failed', { reason: messageOf(error) });
    } finally {
      this.#running--;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#agent.destroy();
  }

  now(): number {
    return Date.now();
  }

  async wait(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stop.signal });
  }

  active(): readonly Incident[] {
    return this.#options.active();
  }

  emit(span: DemoSpan): void {
    this.#spans.push(span);
  }

  /** One call in a hundred is given up by its caller before the answer is there. */
  async call(call: ModelCall, random: Random): Promise<Reply> {
    const { path, headers, body } = clientRequest(call);
    const impatient = random.chance(0.01) ? [AbortSignal.timeout(random.int(150, 900))] : [];
    const signal = AbortSignal.any([this.#stop.signal, ...impatient]);
    try {
      const answer = await request(`${this.#options.proxy}${path}`, {
        method: 'POST',
        headers,
        body,
        signal,
        dispatcher: this.#agent,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      if (answer.statusCode !== 200) return NOTHING;
      return replyOf(readAnswer(wireOf(call), bytes, call.stream));
    } catch (error) {
      if (this.#stop.signal.aborted || impatient[0]?.aborted) return NOTHING;
      this.#options.log.warn('the proxy gave no answer', { reason: messageOf(error) });
      return NOTHING;
    }
  }

  async #export(): Promise<void> {
    const batch = this.#spans.splice(0, 500);
    if (batch.length === 0) return;
    try {
      await sendSpans(this.#options.collector, batch);
    } catch (error) {
      this.#options.log.warn('the collector did not take the spans of the demo agents', { reason: messageOf(error) });
      if (this.#spans.length < 5000) this.#spans.unshift(...batch);
    }
  }
}

function readAnswer(wire: Wire, bytes: Buffer, streamed: boolean): CallOutput {
  const dialect = DIALECTS[wire];
  if (!streamed) return dialect.readOutput(JSON.parse(bytes.toString('utf8')));
  const stream = dialect.stream();
  const decoder = new SseDecoder(({ event, data }) => stream.push(event, data));
  decoder.push(bytes);
  decoder.end();
  return stream.output();
}

function replyOf(output: CallOutput): Reply {
  const parts = output.messages.flatMap((message) => message.parts);
  return {
    ok: output.complete && output.error === undefined,
    text: parts.map((part) => (part.type === 'text' ? part.content : '')).join(''),
    toolCalls: parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ id: part.id, name: part.name, arguments: JSON.stringify(part.arguments) }] : [],
    ),
  };
}
