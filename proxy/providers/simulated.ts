// The built-in provider: answers without a network and says so. It keeps a believable pace, obeys back-pressure and can
// be cancelled, so that everything behind it can be seen working without a key.

import type { IncomingHttpHeaders } from 'node:http';

import { fields, parsed } from '../../schemas/dialects/read.ts';
import { simulate, type Simulation, type SimulatedDialect } from './simulation.ts';
import { ANTHROPIC_PATHS, OPENAI_PATHS, pathOf } from './paths.ts';
import type {
  Provider,
  ProviderKind,
  Upstream,
  UpstreamController,
  UpstreamHandler,
  UpstreamRequest,
} from './types.ts';

const FIRST_TOKEN_MS = 120;
const TOKEN_MS = 8;

const DIALECT_OF_PATH: ReadonlyMap<string, SimulatedDialect> = new Map([
  ['/v1/chat/completions', 'openai_chat'],
  ['/v1/responses', 'openai_responses'],
  ['/v1/embeddings', 'openai_embeddings'],
  ['/v1/messages', 'anthropic'],
]);

const PATHS = { ...OPENAI_PATHS, ...ANTHROPIC_PATHS };

export const simulated: ProviderKind = {
  summary: 'Answers by itself, for trying things out without a key',
  create: ({ id, config }): Provider => ({
    id,
    system: 'simulated',
    origin: '',
    serverAddress: '',
    serverPort: 0,
    dialects: new Set(DIALECT_OF_PATH.values()),
    models: new Set(config.models),
    knows: () => false,
    quirks: {},
    endpoint: (endpoint) => `/v1${pathOf(PATHS, endpoint)}`,
    rootPath: '',
    authorize: () => {},
    upstream: new SimulatedUpstream(),
  }),
};

class SimulatedUpstream implements Upstream {
  readonly #running = new Set<Answer>();

  dispatch(request: UpstreamRequest, handler: UpstreamHandler): void {
    const answer = new Answer(request, handler, () => this.#running.delete(answer));
    this.#running.add(answer);
    queueMicrotask(() => answer.start());
  }

  close(): Promise<void> {
    for (const answer of this.#running) answer.abort(new Error('the simulated provider was closed'));
    return Promise.resolve();
  }
}

/** One answer under way, one timer. */
class Answer implements UpstreamController {
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #done: () => void;
  #timer: NodeJS.Timeout | undefined;
  #pieces: readonly string[] = [];
  #next = 0;
  #paused = false;
  #over = false;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, done: () => void) {
    this.#request = request;
    this.#handler = handler;
    this.#done = done;
  }

  start(): void {
    this.#handler.onRequestStart(this);
    if (this.#over) return;
    const path = this.#request.path.split('?', 1)[0] ?? '';
    const dialect = DIALECT_OF_PATH.get(path);
    if (dialect === undefined || this.#request.body === undefined) {
      const error = { message: `The simulated provider has no ${this.#request.method} ${path}.`, type: 'not_found' };
      this.#answerJson(404, { error }, 0);
      return;
    }
    const body = fields(parsed(this.#request.body.toString()));
    const simulation = simulate(dialect, body);
    if (body['stream'] === true && simulation.events.length > 0) this.#answerStream(simulation);
    else this.#answerJson(200, simulation.body, FIRST_TOKEN_MS + simulation.events.length * TOKEN_MS);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#later(TOKEN_MS);
  }

  abort(reason: Error): void {
    if (this.#over) return;
    this.#finish();
    this.#handler.onResponseError(this, reason);
  }

  #answerJson(status: number, value: unknown, afterMs: number): void {
    const body = JSON.stringify(value);
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    this.#begin(status, headers, [body], afterMs);
  }

  #answerStream({ events }: Simulation): void {
    this.#begin(
      200,
      { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
      events,
      FIRST_TOKEN_MS,
    );
  }

  // oxlint-disable-next-line max-params -- an answer's four parts
  #begin(status: number, headers: IncomingHttpHeaders, pieces: readonly string[], afterMs: number): void {
    this.#pieces = pieces;
    this.#timer = setTimeout(() => {
      this.#handler.onResponseStart(this, status, headers);
      this.#step();
    }, afterMs);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step(), ms);
  }

  #step(): void {
    if (this.#over || this.#paused) return;
    const piece = this.#pieces[this.#next++];
    if (piece !== undefined) {
      this.#handler.onResponseData(this, Buffer.from(piece));
      if (!this.#over && !this.#paused) this.#later(TOKEN_MS);
      return;
    }
    this.#finish();
    this.#handler.onResponseEnd();
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#done();
  }
}
