// A fake provider: a real HTTP server in OpenAI's and Anthropic's shapes that does what the model's name says, and
// keeps its own ledger of every attempt it saw, what it billed and which bytes it sent.
//
// The model's name without `gpt-`, `claude-` or `text-embedding-` is the scenario (or the header x-scenario):
//   ok long slow tools json reasoning          answers
//   fault-STATUS                               that status with an error in the dialect's shape
//   fault-once-STATUS                          that status at the first attempt of an id, then ok
//   fault-rst-after-3 fault-fin-mid fault-close-mid    the connection breaks inside the body
//   fault-stall fault-hang                     silence inside the body, or before it
//   fault-malformed fault-error-event fault-no-usage fault-empty fault-html   odd answers

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERS, billFor, sayingOf } from './upstream-answers.ts';
import type { Asked, ServedDialect, StreamPiece } from './upstream-answers.ts';
import type { Usage } from '../../schemas/call.ts';

export interface UpstreamCall {
  /** Found in the prompt as `id=...`; '' without one. */
  readonly id: string;
  /** 1 for the first call with this id. */
  readonly attempt: number;
  readonly dialect: ServedDialect;
  readonly path: string;
  readonly model: string;
  readonly scenario: string;
  readonly stream: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly startedAt: number;
  endedAt: number;
  status: number;
  /** The tokens it counts, sent or not; undefined where it answered with an error before working. */
  billed: Usage | undefined;
  /** True when the numbers went onto the wire. */
  usageSent: boolean;
  /** ended: as meant, to the last byte. fault: broken on purpose. aborted: the caller left. */
  end: 'open' | 'ended' | 'fault' | 'aborted';
  bytes: number;
  /** Of every byte of the body. */
  sha256: string;
  /** The same without the usage chunk of OpenAI chat, for callers who did not ask for it. */
  sha256WithoutUsage: string;
}

export interface Upstream {
  readonly url: string;
  readonly calls: UpstreamCall[];
  callsOf(id: string): UpstreamCall[];
  /** Forgets what it saw: the next call with a known id is a first attempt again. */
  reset(): void;
  close(): Promise<void>;
}

const DIALECT_OF_PATH: ReadonlyMap<string, ServedDialect> = new Map([
  ['/v1/chat/completions', 'openai_chat'],
  ['/v1/responses', 'openai_responses'],
  ['/v1/embeddings', 'openai_embeddings'],
  ['/v1/messages', 'anthropic'],
]);

const BREAKS: ReadonlySet<string> = new Set(
  ['rst-after-3', 'fin-mid', 'close-mid', 'stall', 'error-event'].map((fault) => `fault-${fault}`),
);

const isUsage = (piece: StreamPiece) => piece.usageChunk === true;

/** Starts the fake provider on a free port. */
export async function startUpstream(): Promise<Upstream> {
  const calls: UpstreamCall[] = [];
  const attempts = new Map<string, number>();
  const open = new Set<AbortController>();
  const server = createServer((request, response) => {
    const abort = new AbortController();
    open.add(abort);
    response.on('close', () => open.delete(abort));
    serve({ request, response, calls, attempts, signal: abort.signal }).catch((error: unknown) => {
      if (!abort.signal.aborted) console.error('the fake upstream failed', error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    callsOf: (id) => calls.filter((call) => call.id === id),
    reset: () => {
      calls.length = 0;
      attempts.clear();
    },
    close: async () => {
      for (const abort of open) abort.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Serving {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly calls: UpstreamCall[];
  readonly attempts: Map<string, number>;
  readonly signal: AbortSignal;
}

async function serve(serving: Serving): Promise<void> {
  const { request, response } = serving;
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === '/v1/models') return models(response);
  const dialect = DIALECT_OF_PATH.get(path);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (dialect === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such path"}}');
    return;
  }
  const text = Buffer.concat(chunks).toString();
  const call = record(serving, { dialect, path, text });
  await new Play(serving, call).run();
}

function models(response: ServerResponse): void {
  const data = ['gpt-ok', 'gpt-tools'].map((id) => ({ id, object: 'model', created: 1, owned_by: 'fake' }));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
}

function record(
  { request, calls, attempts }: Serving,
  seen: { dialect: ServedDialect; path: string; text: string },
): UpstreamCall {
  const body = JSON.parse(seen.text) as Readonly<Record<string, unknown>>;
  const id = /\bid=([A-Za-z0-9_-]+)/.exec(seen.text)?.[1] ?? '';
  const attempt = (attempts.get(id) ?? 0) + 1;
  attempts.set(id, attempt);
  const model = String(body['model']);
  const header = request.headers['x-scenario'];
  const scenario = typeof header === 'string' ? header : model.replace(/^(gpt|claude|text-embedding)-/, '');
  const call: UpstreamCall = {
    id,
    attempt,
    dialect: seen.dialect,
    path: seen.path,
    model,
    scenario,
    stream: body['stream'] === true,
    headers: request.headers,
    body,
    startedAt: Date.now(),
    endedAt: 0,
    status: 0,
    billed: undefined,
    usageSent: false,
    end: 'open',
    bytes: 0,
    sha256: '',
    sha256WithoutUsage: '',
  };
  calls.push(call);
  return call;
}

/** One answer being given. */
class Play {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #call: UpstreamCall;
  readonly #asked: Asked;
  readonly #all = createHash('sha256');
  readonly #withoutUsage = createHash('sha256');
  #gone = false;

  constructor({ response, signal }: Serving, call: UpstreamCall) {
    this.#response = response;
    this.#signal = signal;
    this.#call = call;
    this.#asked = { id: call.id, model: call.model, body: call.body };
    response.on('close', () => {
      this.#gone = true;
      if (call.end === 'open') this.#finish('aborted');
    });
  }

  async run(): Promise<void> {
    const { scenario, attempt } = this.#call;
    const once = /^fault-once-(\d{3})$/.exec(scenario)?.[1];
    const always = /^fault-(\d{3})$/.exec(scenario)?.[1];
    const status = always ?? (attempt === 1 ? once : undefined);
    if (status !== undefined) return this.#error(Number(status));
    if (scenario === 'fault-hang') return this.#silence();
    if (scenario === 'fault-html') return this.#plain(502, 'text/html', '<html><body>Bad gateway</body></html>');
    if (scenario === 'fault-empty') return this.#plain(200, 'application/json', '');
    this.#call.billed = billFor(this.#call.id, this.#call.dialect === 'openai_embeddings');
    if (this.#call.stream && this.#call.dialect !== 'openai_embeddings') return this.#stream();
    return this.#whole();
  }

  #error(status: number): void {
    const body = JSON.stringify(ANSWERS[this.#call.dialect].error(status, `fault ${status} as asked`));
    if (status === 429) this.#response.setHeader('retry-after', '1');
    this.#plain(status, 'application/json', body);
  }

  #plain(status: number, type: string, body: string): void {
    const bytes = Buffer.from(body);
    this.#head(status, { 'content-type': type, 'content-length': String(bytes.length) });
    this.#send({ bytes });
    this.#end();
  }

  async #whole(): Promise<void> {
    const { scenario, dialect } = this.#call;
    const said = sayingOf(scenario, this.#asked, scenario === 'fault-no-usage' ? undefined : this.#call.billed);
    const text = JSON.stringify(ANSWERS[dialect].whole(this.#asked, said));
    const bytes = Buffer.from(scenario === 'fault-malformed' ? text.slice(0, -7) : text);
    if (scenario === 'slow') await sleep(1_000, undefined, { signal: this.#signal });
    if (this.#gone) return;
    const half = bytes.subarray(0, bytes.length >> 1);
    const closing = scenario === 'fault-close-mid';
    if (closing) this.#delimitByClose();
    this.#head(200, {
      'content-type': 'application/json',
      ...(closing ? {} : { 'content-length': String(bytes.length) }),
    });
    if (scenario === 'fault-stall') {
      this.#send({ bytes: half });
      return this.#silence();
    }
    if (scenario === 'fault-rst-after-3' || scenario === 'fault-fin-mid' || closing) {
      this.#send({ bytes: half });
      await sleep(5);
      return this.#breakOff(scenario);
    }
    this.#call.usageSent = said.usage !== undefined;
    this.#send({ bytes });
    this.#end();
  }

  async #stream(): Promise<void> {
    const { scenario, dialect } = this.#call;
    const said = sayingOf(scenario, this.#asked, scenario === 'fault-no-usage' ? undefined : this.#call.billed);
    const pieces = ANSWERS[dialect].events(this.#asked, said);
    const middle = pieces.length >> 1;
    const cut = scenario === 'fault-rst-after-3' ? 3 : middle;
    const sent = BREAKS.has(scenario) ? pieces.slice(0, cut) : pieces;
    if (scenario === 'fault-malformed') sent.splice(middle, 0, { bytes: Buffer.from('data: {"broken\n\n') });
    if (scenario === 'fault-close-mid') this.#delimitByClose();
    this.#head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    await this.#sendAll(sent);
    if (this.#gone) return;
    if (sent.length < pieces.length) return this.#breakOff(scenario);
    this.#call.usageSent = said.usage !== undefined && (dialect !== 'openai_chat' || pieces.some(isUsage));
    this.#end();
  }

  async #sendAll(pieces: readonly StreamPiece[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (this.#gone) return;
      this.#send(piece);
      if (this.#call.scenario === 'slow') await sleep(25, undefined, { signal: this.#signal });
      else if (index % 4 === 0) await new Promise(setImmediate);
    }
  }

  async #breakOff(scenario: string): Promise<void> {
    // What was written must be on its way first: a reset throws away what was not.
    await sleep(5);
    if (this.#gone) return;
    if (scenario === 'fault-stall') return this.#silence();
    if (scenario === 'fault-error-event')
      this.#send({ bytes: ANSWERS[this.#call.dialect].errorEvent('Overloaded, as asked') });
    this.#finish('fault');
    const { socket } = this.#response;
    if (scenario === 'fault-rst-after-3') socket?.resetAndDestroy();
    else if (scenario === 'fault-fin-mid') socket?.end();
    else this.#response.end();
  }

  /** Keeps the connection open and says nothing more. */
  #silence(): void {
    if (this.#call.end === 'open' && this.#call.scenario !== 'fault-hang') this.#finish('fault');
  }

  /** HTTP/1.0 manners: the end of the body is the end of the connection, so that a truncated one looks whole. */
  #delimitByClose(): void {
    this.#response.useChunkedEncodingByDefault = false;
    this.#response.shouldKeepAlive = false;
  }

  #head(status: number, headers: Record<string, string>): void {
    this.#call.status = status;
    this.#response.writeHead(status, { ...headers, 'x-request-id': `req_${this.#call.id}`, 'set-cookie': 'fake=1' });
  }

  #send({ bytes, usageChunk }: StreamPiece): void {
    this.#all.update(bytes);
    if (!usageChunk) this.#withoutUsage.update(bytes);
    this.#call.bytes += bytes.length;
    this.#response.write(bytes);
  }

  #end(): void {
    this.#response.end();
    this.#finish('ended');
  }

  #finish(end: 'ended' | 'fault' | 'aborted'): void {
    if (this.#call.end !== 'open') return;
    this.#call.end = end;
    this.#call.endedAt = Date.now();
    this.#call.sha256 = this.#all.digest('hex');
    this.#call.sha256WithoutUsage = this.#withoutUsage.digest('hex');
  }
}
