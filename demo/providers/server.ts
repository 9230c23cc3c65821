// One simulated deployment as a real HTTP server on loopback.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { behave, type Answering } from '../behaviour.ts';
import { effectOn, type Incident } from '../incidents.ts';
import { modelOf, type DeploymentProfile, type ModelProfile } from '../models.ts';
import { Random, hash } from '../random.ts';
import { countTokens } from '../tokens.ts';
import { compose, type Answer } from './answer.ts';
import { readEmbeddings, type Asked } from './asked.ts';
import { errorBody } from './errors.ts';
import type { Shape } from './shape.ts';
import { shapeOf } from './shapes.ts';

export interface ProviderOptions {
  readonly deployment: DeploymentProfile;
  /** 0 for any free one. */
  readonly port: number;
  readonly seed: string;
  /** The incidents that are on right now. */
  readonly active: () => readonly Incident[];
  /** Factor on all waiting; 0 answers at once. */
  readonly pace: number;
}

export interface Provider {
  readonly id: string;
  /** With `/v1` for the OpenAI shape, without it for Anthropic's: what the official clients take as base URL. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

const MAX_BODY = 32 * 1024 * 1024;

interface Call {
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly random: Random;
  /** Aborted when the client went away. */
  readonly gone: AbortSignal;
}

export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const simulation = new Simulation(options);
  const server = createServer((request, response) => simulation.handle(request, response));
  server.keepAliveTimeout = 60_000;
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const { id, shape } = options.deployment;
  return {
    id,
    baseUrl: `http://127.0.0.1:${port}${shape === 'openai' ? '/v1' : ''}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

class Simulation {
  readonly #options: ProviderOptions;
  #calls = 0;
  #minute = 0;
  #inMinute = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** Answers one request; the client going away ends it quietly. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { seed, deployment } = this.#options;
    const random = new Random(`${seed}/${deployment.id}/${this.#calls++}`);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const call = { response, random, requestId: `req_${random.hex(32)}`, gone: gone.signal };
    this.#serve(request, call).catch((error: unknown) => {
      if (gone.signal.aborted) return;
      if (response.headersSent) response.destroy();
      else this.#fail(call, error instanceof SyntaxError ? 400 : 500);
    });
  }

  async #serve(request: IncomingMessage, call: Call): Promise<void> {
    // With or without /v1 in the base URL that the gateway was given.
    const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^(\/v1)*/, '/v1');
    if (request.method === 'GET' && path === '/v1/models') return this.#models(call);
    const body: unknown = JSON.parse(await readBody(request));
    if (path === '/v1/embeddings' && this.#options.deployment.shape === 'openai') return this.#embed(body, call);
    const shape = shapeOf(this.#options.deployment.shape, path);
    if (shape === undefined) return this.#fail(call, 404);
    return this.#answer(shape, shape.read(body), call);
  }

  async #answer(shape: Shape, asked: Asked, call: Call): Promise<void> {
    const { deployment, pace, active } = this.#options;
    const model = modelOf(deployment, asked.model);
    if (model === undefined) return this.#fail(call, 404);
    const facts = { inputTokens: asked.inputTokens, earlierMessages: asked.messages - 1 };
    const conditions = { deployment, model, effect: effectOn(active(), deployment.id, model.id) };
    const behaviour = behave(facts, conditions, call.random);
    if (behaviour.kind === 'error') {
      await wait(behaviour.afterMs * pace, undefined, { signal: call.gone });
      return this.#fail(call, behaviour.status, behaviour.retryAfterS);
    }
    const created = Math.floor(Date.now() / 1000);
    const answer = compose({ asked, behaviour, snapshot: model.snapshot, created }, call.random);
    if (asked.stream) await this.#stream(shape.frames(answer, asked), behaviour, call);
    else await this.#whole(shape.body(answer), answer, { behaviour, call });
  }

  async #whole(
    body: unknown,
    answer: Answer,
    { behaviour, call }: { behaviour: Answering; call: Call },
  ): Promise<void> {
    const took = behaviour.ttftMs + (answer.outputTokens / behaviour.tokensPerSecond) * 1000;
    await wait(took * this.#options.pace, undefined, { signal: call.gone });
    if (behaviour.resetAfterMs !== undefined) {
      call.response.destroy();
      return;
    }
    this.#head(call, 200, { 'content-type': 'application/json', 'openai-processing-ms': String(Math.round(took)) });
    call.response.end(JSON.stringify(body));
  }

  async #stream(frames: readonly { text: string; tokens: number }[], behaviour: Answering, call: Call): Promise<void> {
    const { pace } = this.#options;
    const think = behaviour.ttftMs + (behaviour.reasoningTokens / behaviour.tokensPerSecond) * 1000;
    await wait(think * pace, undefined, { signal: call.gone });
    this.#head(call, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    const start = performance.now();
    let due = 0;
    for (const { text, tokens } of frames) {
      due += (tokens / behaviour.tokensPerSecond) * 1000 * pace;
      const ahead = due - (performance.now() - start);
      if (ahead > 1) await wait(ahead, undefined, { signal: call.gone });
      if (behaviour.resetAfterMs !== undefined && due > behaviour.resetAfterMs * pace) {
        call.response.destroy();
        return;
      }
      call.response.write(text);
    }
    call.response.end();
  }

  async #embed(body: unknown, call: Call): Promise<void> {
    const { model: name, texts, dimensions, base64 } = readEmbeddings(body);
    const model = modelOf(this.#options.deployment, name);
    if (model === undefined) return this.#fail(call, 404);
    await wait(call.random.logNormal(model.ttftMs, model.spread) * this.#options.pace, undefined, {
      signal: call.gone,
    });
    const data = texts.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: encode(embedding(text, dimensions), base64),
    }));
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    this.#head(call, 200, { 'content-type': 'application/json' });
    call.response.end(
      JSON.stringify({
        object: 'list',
        data,
        model: model.snapshot,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      }),
    );
  }

  #models(call: Call): void {
    const { deployment } = this.#options;
    const data = deployment.models.map((model) => modelEntry(model, deployment));
    this.#head(call, 200, { 'content-type': 'application/json' });
    const page =
      deployment.shape === 'anthropic'
        ? { has_more: false, first_id: data[0]?.id, last_id: data.at(-1)?.id }
        : { object: 'list' };
    call.response.end(JSON.stringify({ ...page, data }));
  }

  #fail(call: Call, status: number, retryAfterS?: number): void {
    const more = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
    this.#head(call, status, { 'content-type': 'application/json', ...more });
    call.response.end(JSON.stringify(errorBody(this.#options.deployment.shape, status, call.requestId)));
  }

  #head(call: Call, status: number, more: Readonly<Record<string, string>>): void {
    call.response.writeHead(status, { ...this.#limits(), ...this.#identity(call), ...more });
  }

  #identity(call: Call): Record<string, string> {
    return this.#options.deployment.shape === 'anthropic'
      ? { 'request-id': call.requestId, 'anthropic-organization-id': 'demo' }
      : { 'x-request-id': call.requestId, 'openai-version': '2020-10-01' };
  }

  /** Rate-limit headers that count the calls of this minute. */
  #limits(): Record<string, string> {
    const { deployment } = this.#options;
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== this.#minute) this.#inMinute = 0;
    this.#minute = minute;
    const remaining = String(Math.max(0, deployment.requestsPerMinute - ++this.#inMinute));
    const limit = String(deployment.requestsPerMinute);
    const reset = (minute + 1) * 60_000;
    if (deployment.shape === 'anthropic') {
      return {
        'anthropic-ratelimit-requests-limit': limit,
        'anthropic-ratelimit-requests-remaining': remaining,
        'anthropic-ratelimit-requests-reset': new Date(reset).toISOString(),
      };
    }
    return {
      'x-ratelimit-limit-requests': limit,
      'x-ratelimit-remaining-requests': remaining,
      'x-ratelimit-reset-requests': `${Math.ceil((reset - Date.now()) / 1000)}s`,
    };
  }
}

function modelEntry(model: ModelProfile, deployment: DeploymentProfile): { id: string } {
  if (deployment.shape === 'openai')
    return { id: model.id, object: 'model', created: 1_754_524_800, owned_by: deployment.id } as { id: string };
  return { type: 'model', id: model.snapshot, display_name: model.id, created_at: '2025-09-29T00:00:00Z' } as {
    id: string;
  };
}

/** A unit vector that depends on the text's words: texts that share words are near each other. */
function embedding(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []) {
    const at = hash(word);
    vector[at % dimensions] = (vector[at % dimensions] ?? 0) + ((at >>> 16) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

function encode(vector: Float32Array, base64: boolean): string | number[] {
  return base64 ? Buffer.from(vector.buffer).toString('base64') : [...vector];
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new SyntaxError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
