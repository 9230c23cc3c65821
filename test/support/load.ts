// The client's side of the ledger: many calls at a bounded parallelism, each with its own id in the prompt, and a log
// of what the client got: status, bytes, their hash, whether the answer was whole.

import { createHash } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ServedDialect } from './upstream-answers.ts';

export interface Planned {
  readonly id: string;
  readonly dialect: ServedDialect;
  readonly model: string;
  readonly stream: boolean;
  /** OpenAI chat: whether the caller itself asks for the usage chunk. */
  readonly includeUsage?: boolean;
  /** Leave after this many milliseconds. */
  readonly abortAfterMs?: number;
}

export interface ClientEntry extends Planned {
  readonly startedAt: number;
  endedAt: number;
  /** 0 when no answer came. */
  status: number;
  headers: IncomingHttpHeaders;
  bytes: number;
  sha256: string;
  /** The last bytes, enough to tell how a stream ended. */
  tail: string;
  /** The message was complete as HTTP counts it. */
  whole: boolean;
  error: string;
}

const PATHS: Readonly<Record<ServedDialect, string>> = {
  openai_chat: '/v1/chat/completions',
  openai_responses: '/v1/responses',
  openai_embeddings: '/v1/embeddings',
  anthropic: '/v1/messages',
};

const TAIL = 600;
/** Nothing planned takes nearly as long: a call that does has been forgotten by somebody. */
const PATIENCE_MS = 20_000;

export interface LoadOptions {
  readonly url: string;
  readonly plan: readonly Planned[];
  readonly parallel: number;
  /** The caller's key, under the name its dialect has for it. */
  readonly key: string;
  /** Called after each call, with how many are over. */
  readonly onProgress?: (done: number) => void;
}

/** Makes every planned call, `parallel` at a time; a failed call is an entry of the log, never an exception. */
export async function runLoad(options: LoadOptions): Promise<ClientEntry[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.parallel });
  const log: ClientEntry[] = [];
  const queue = options.plan.values();
  const lane = async () => {
    for (const planned of queue) {
      log.push(await callOnce(options, planned, agent));
      options.onProgress?.(log.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.parallel }, lane));
  } finally {
    agent.destroy();
  }
  return log;
}

/** The request body of a planned call. */
export function bodyOf({ id, dialect, model, stream, includeUsage }: Planned): Record<string, unknown> {
  const prompt = `Question id=${id}, please.`;
  const streamed = stream ? { stream: true } : {};
  switch (dialect) {
    case 'openai_chat':
      return {
        model,
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: prompt },
        ],
        ...streamed,
        ...(stream && includeUsage ? { stream_options: { include_usage: true } } : {}),
      };
    case 'openai_responses':
      return { model, input: prompt, ...streamed };
    case 'openai_embeddings':
      return { model, input: prompt };
    case 'anthropic':
      return { model, max_tokens: 256, messages: [{ role: 'user', content: prompt }], ...streamed };
  }
}

function callOnce({ url, key }: LoadOptions, planned: Planned, agent: Agent): Promise<ClientEntry> {
  const body = Buffer.from(JSON.stringify(bodyOf(planned)));
  const entry: ClientEntry = {
    ...planned,
    startedAt: Date.now(),
    endedAt: 0,
    status: 0,
    headers: {},
    bytes: 0,
    sha256: '',
    tail: '',
    whole: false,
    error: '',
  };
  return new Promise((resolve) => {
    const outgoing = httpRequest(url + PATHS[planned.dialect], {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'x-signalbox-session': planned.id,
        ...(planned.dialect === 'anthropic'
          ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
          : { authorization: `Bearer ${key}` }),
      },
    });
    const timer =
      planned.abortAfterMs === undefined ? undefined : setTimeout(() => outgoing.destroy(), planned.abortAfterMs);
    const patience = setTimeout(() => outgoing.destroy(new Error(`no end after ${PATIENCE_MS} ms`)), PATIENCE_MS);
    const done = (error: string) => {
      if (entry.endedAt !== 0) return;
      clearTimeout(timer);
      clearTimeout(patience);
      entry.endedAt = Date.now();
      entry.error = error;
      resolve(entry);
    };
    outgoing.on('error', (error) => done(error.message));
    outgoing.on('response', (answer) => take(answer, entry, done));
    outgoing.end(body);
  });
}

function take(answer: IncomingMessage, entry: ClientEntry, done: (error: string) => void): void {
  const hash = createHash('sha256');
  entry.status = answer.statusCode ?? 0;
  entry.headers = answer.headers;
  let tail = Buffer.alloc(0);
  answer.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    entry.bytes += chunk.length;
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL);
  });
  answer.on('error', (error) => done(error.message));
  answer.on('close', () => {
    entry.sha256 = hash.digest('hex');
    entry.tail = tail.toString();
    entry.whole = answer.complete;
    done(answer.complete ? '' : 'the answer broke off');
  });
}
