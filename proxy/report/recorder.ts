// The data path's end of the report: writes begin and end records, and the bodies, to this worker's own spool.
// Synchronous and cheap: one system call a record, bodies by reference. Whatever goes wrong here is counted and said,
// and the call goes on.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { IncomingHttpHeaders } from 'node:http';
import type { Attempt, Exchange } from '../exchange.ts';
import type { Recorder } from './types.ts';
import { messageOf, type Logger } from '../../runtime/log.ts';
import type { Counter, Metrics } from '../../runtime/metrics.ts';
import type { Position } from '../../runtime/spool/format.ts';
import { SpoolWriter } from '../../runtime/spool/writer.ts';
import type { Config } from '../../schemas/config.ts';
import {
  KIND,
  beginRecord,
  encodeRecord,
  endRecord,
  type BeginRecord,
  type Capture,
  type EndRecord,
} from './record.ts';
import { createRedactor, withoutCutWord, type Redactor } from './redact.ts';

export interface RecorderOptions {
  readonly config: Config;
  readonly dataDir: string;
  /** Names this life of this worker; no other life has it. */
  readonly writerId: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export const WRITERS_DIR = 'proxy';
export const SPANS_DIR = 'spans';
export const PAYLOADS_DIR = 'payloads';

const LARGEST_SEGMENT = 8 * 1024 * 1024;
/** Segments in a full spool: what overflow drops at once is one of them. */
const SEGMENTS = 8;

/** Opens this worker's spool. Never throws: without a disk the calls go on and what is lost is counted. */
export function openRecorder(options: RecorderOptions): Recorder {
  const { config, log } = options;
  const dropped = options.metrics.counter('signalbox_spool_dropped_total', 'Records lost to a full spool or disk');
  const share = config.proxy.spool.max_disk / workerCount(config);
  const dir = join(options.dataDir, WRITERS_DIR, options.writerId);
  const spans = new Lane({ dir: join(dir, SPANS_DIR), maxBytes: share / 4, what: 'span', dropped, log });
  const payloads = new Lane({ dir: join(dir, PAYLOADS_DIR), maxBytes: (share * 3) / 4, what: 'payload', dropped, log });
  const redactor = createRedactor(secretsOf(config), config.capture.content === 'redacted');
  const capturer = { config, redactor, payloads };

  const write = (kind: number, exchange: Exchange, record: BeginRecord | EndRecord) => {
    // A tag, a model name or a provider's error message may hold a secret as well.
    spans.append(kind, [redactor.redact(encodeRecord(record), credentialOf(exchange.request.headers))]);
  };
  const guarded = (what: string, run: () => void) => {
    try {
      run();
    } catch (error) {
      dropped.add(1, { what: 'span' });
      log.error(`could not record the ${what} of a request`, { error: messageOf(error) });
    }
  };
  return {
    begin: (exchange) => guarded('begin', () => write(KIND.BEGIN, exchange, beginRecord(exchange))),
    end: (exchange) =>
      guarded('end', () => write(KIND.END, exchange, endRecord(exchange, capture(exchange, capturer)))),
    close() {
      spans.close();
      payloads.close();
    },
  };
}

function workerCount(config: Config): number {
  const { workers } = config.proxy;
  return workers === 'auto' ? Math.max(1, availableParallelism() - 1) : workers;
}

interface Capturer {
  readonly config: Config;
  readonly redactor: Redactor;
  readonly payloads: Lane;
}

/** Writes the bodies down, before the end record that points to them. A call that reached no provider has none. */
function capture(exchange: Exchange, { config, redactor, payloads }: Capturer): Capture | undefined {
  const last = exchange.attempts.at(-1);
  if (config.capture.content === 'none' || !last) return undefined;
  const most = config.capture.max_bytes;
  const own = credentialOf(exchange.request.headers);
  const request = redactor.redact(cut(exchange.body, exchange.body.length, most), own);
  const response = redactor.redact(answerOf(last, most), own);
  const sizes = { requestSize: exchange.body.length, responseSize: last.responseSize };
  if (request.length + response.length === 0) return { ...sizes, payload: undefined };
  const at = payloads.append(KIND.PAYLOAD, [request, response]);
  return { ...sizes, payload: at && { at, requestBytes: request.length } };
}

/** Joined, so that a secret that came in two pieces is seen. */
function answerOf(attempt: Attempt, most: number): Buffer {
  const [only, ...more] = attempt.responseBody;
  if (!only) return Buffer.alloc(0);
  const whole = more.length === 0 ? only : Buffer.concat(attempt.responseBody);
  return cut(whole, attempt.responseSize, most);
}

function cut(bytes: Buffer, size: number, most: number): Buffer {
  return size > bytes.length || bytes.length > most ? withoutCutWord(bytes.subarray(0, most)) : bytes;
}

function credentialOf(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  if (authorization !== undefined) return authorization.slice(authorization.indexOf(' ') + 1);
  const other = headers['x-api-key'] ?? headers['api-key'] ?? headers['x-goog-api-key'];
  return typeof other === 'string' ? other : '';
}

function secretsOf(config: Config): string[] {
  const providers = Object.values(config.providers).flatMap(({ api_key, api_keys = [], headers, ...more }) => {
    const { entra, aws, credentials } = more;
    const secret = Object.entries(headers).filter(([name]) => /auth|key|token|secret|cookie/i.test(name));
    const own = [
      api_key,
      ...api_keys,
      entra?.client_secret,
      aws?.secret_access_key,
      aws?.session_token,
      credentials?.private_key,
    ];
    return [...own.map((each) => each ?? ''), ...secret.map(([, value]) => value.slice(value.indexOf(' ') + 1))];
  });
  return [...providers, ...config.keys.map(({ key }) => key), config.collector.admin_key ?? ''];
}

interface LaneOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly what: 'span' | 'payload';
  readonly dropped: Counter;
  readonly log: Logger;
}

/** A spool writer that never throws: what it cannot take is counted, and it comes back when the disk does. */
class Lane {
  readonly #options: LaneOptions;
  #writer: SpoolWriter | undefined;
  #closed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#try(() => this.#open());
  }

  append(kind: number, parts: readonly Uint8Array[]): Position | undefined {
    const at = this.#closed ? undefined : this.#try(() => this.#open().append(kind, parts));
    if (at === undefined) this.#options.dropped.add(1, { what: this.#options.what });
    return at;
  }

  close(): void {
    this.#writer?.close();
    this.#closed = true;
  }

  #open(): SpoolWriter {
    const { dir, maxBytes, what, dropped, log } = this.#options;
    const segmentBytes = Math.min(LARGEST_SEGMENT, Math.floor(maxBytes / SEGMENTS));
    const onDrop = (bytes: number, records: number) => {
      dropped.add(Math.max(1, records), { what });
      log.warn(`the spool is full: the oldest ${what}s were dropped; the collector does not keep up or is away`, {
        bytes,
      });
    };
    this.#writer ??= new SpoolWriter({ dir, maxBytes, segmentBytes, overflow: 'drop_oldest', onDrop });
    return this.#writer;
  }

  #try<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#options.log.error(`cannot write ${this.#options.what}s to the spool; calls go on without them`, {
        error: messageOf(error),
      });
      return undefined;
    }
  }
}
