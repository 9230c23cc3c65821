// The reporter: a process of its own that reads the workers' spools, makes OpenTelemetry spans of their records and
// sends them to the collector. A batch is committed only after the collector's 200, so what is sent twice has the same
// ids, and a collector that is away for an hour costs nothing but disk.

import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, type Logger } from '../../runtime/log.ts';
import type { Counter, Metrics } from '../../runtime/metrics.ts';
import type { Config } from '../../schemas/config.ts';
import { Exporter } from './exporter.ts';
import { Quarantine } from './quarantine.ts';
import type { EndRecord } from './record.ts';
import { WRITERS_DIR } from './recorder.ts';
import { Sender, type Request } from './sender.ts';
import { Source } from './source.ts';
import { crashedSpans, spansOf, type Bodies } from './spans.ts';
import { Tracing } from './tracing.ts';

export interface ReporterOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Whether this worker may still write. It must be true before the worker's directory can exist. */
  readonly isAlive: (writerId: string) => boolean;
  /** `service.version` */
  readonly version?: string;
  /** `deployment.environment.name` */
  readonly environment?: string;
}

export interface Reporter {
  /** Resolves once everything that the spools hold now is at the collector. */
  flush(): Promise<void>;
  /** Sends what can be sent in a few seconds; the rest stays on disk for the next life. */
  close(): Promise<void>;
}

const IDLE_MS = 100;
const CLOSE_MS = 5000;
const MAX_REQUESTS = 512;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Starts to read and send; see the head of this file. */
export function startReporter(options: ReporterOptions): Reporter {
  return new SpoolReporter(options);
}

class SpoolReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #dir: string;
  readonly #sources = new Map<string, Source>();
  readonly #tracing: Tracing;
  readonly #exporter: Exporter;
  readonly #sender: Sender;
  readonly #spans: Counter;
  readonly #lost: Counter;
  readonly #done: Promise<void>;
  #idle: (() => void)[] = [];
  #wake: () => void = () => {};
  #closing = false;

  constructor(options: ReporterOptions) {
    const { config, dataDir, log, metrics } = options;
    this.#options = options;
    this.#dir = join(dataDir, WRITERS_DIR);
    mkdirSync(this.#dir, { recursive: true });
    Source.removeLeftovers(this.#dir);
    const { version, environment } = options;
    const rejected = metrics.counter('signalbox_report_rejected_total', 'Spans that the collector left out of a batch');
    const warn = (message: string) => {
      // The exporter tells of a partial success in no other way.
      rejected.add(Number(/"rejectedSpans":"?(\d+)/.exec(message)?.[1] ?? 0));
      log.warn('the OpenTelemetry SDK warns', { message });
    };
    this.#tracing = new Tracing({ version, environment, warn });
    this.#exporter = new Exporter(config.proxy.collector);
    this.#sender = new Sender({
      exporter: this.#exporter,
      quarantine: new Quarantine(join(dataDir, 'quarantine')),
      log,
      metrics,
    });
    this.#spans = metrics.counter('signalbox_report_spans_total', 'Spans that the collector took');
    this.#lost = metrics.counter('signalbox_report_lost_total', 'Spool records that could not be read, by reason');
    const help = 'Bytes of span records that wait to be sent';
    metrics.gauge('signalbox_report_backlog_bytes', help, () =>
      [...this.#sources.values()].reduce((sum, source) => sum + source.backlog(), 0),
    );
    this.#done = this.#run();
  }

  flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    this.#wake();
    return promise;
  }

  async close(): Promise<void> {
    if (this.#closing) return this.#done;
    if (!this.#sender.failing) await within(CLOSE_MS, this.flush());
    this.#closing = true;
    this.#sender.stop();
    this.#wake();
    await within(CLOSE_MS, this.#done);
    for (const source of this.#sources.values()) source.close();
    this.#sources.clear();
    await within(CLOSE_MS, Promise.all([this.#tracing.close(), this.#exporter.close()]));
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      // Who asks from here on waits for the round after this one.
      const waiting = this.#idle;
      this.#idle = [];
      const worked = await this.#round();
      if (worked) this.#idle.push(...waiting);
      else for (const resolve of waiting) resolve();
      if (!worked && this.#idle.length === 0) await this.#pause();
    }
    for (const resolve of this.#idle) resolve();
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, IDLE_MS);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  /** One batch of every worker; true when there was any. */
  async #round(): Promise<boolean> {
    let worked = false;
    for (const writerId of this.#writers()) {
      if (this.#closing) break;
      try {
        worked = (await this.#step(writerId)) || worked;
      } catch (error) {
        // A full or broken disk: this worker's spool is tried again in the next round.
        this.#options.log.error('cannot read the spool of a worker', { writer: writerId, error: messageOf(error) });
      }
    }
    return worked;
  }

  #writers(): string[] {
    try {
      return readdirSync(this.#dir).filter((name) => Source.isAt(join(this.#dir, name)));
    } catch (error) {
      this.#options.log.error('cannot look for the spools of the workers', { error: messageOf(error) });
      return [];
    }
  }

  async #step(writerId: string): Promise<boolean> {
    // Asked before the look: what a dead worker wrote is all there.
    const alive = this.#options.isAlive(writerId);
    const source = this.#sources.get(writerId) ?? new Source(join(this.#dir, writerId), writerId);
    this.#sources.set(writerId, source);
    if (!alive) source.seal();
    const lost = source.lost;
    const finished = source.take();
    if (source.lost > lost) this.#lose(source.lost - lost, 'damaged');
    if (!finished) return alive ? false : this.#bury(source);
    if (finished.unreadable > 0) this.#lose(finished.unreadable, 'unreadable');
    if (!(await this.#sendAll(source, finished.ends))) return false;
    source.commit();
    return true;
  }

  async #sendAll(source: Source, ends: readonly EndRecord[]): Promise<boolean> {
    let requests: Request[] = [];
    let bytes = 0;
    for (const record of ends) {
      const bodies = source.bodies(record);
      const make = (bodies: Bodies | undefined) => this.#tracing.spans(spansOf(record, bodies), source.writerId);
      requests.push({ record, spans: make(bodies), bare: bodies && (() => make(undefined)) });
      bytes += (bodies?.request.length ?? 0) + (bodies?.response.length ?? 0);
      if (requests.length < MAX_REQUESTS && bytes < MAX_BODY_BYTES) continue;
      if (!(await this.#send(requests))) return false;
      requests = [];
      bytes = 0;
    }
    return this.#send(requests);
  }

  /** False when the reporter was stopped before the collector had them all. */
  async #send(requests: readonly Request[]): Promise<boolean> {
    for (let at = 0; at < requests.length; at += MAX_REQUESTS) {
      const sent = await this.#sender.send(requests.slice(at, at + MAX_REQUESTS));
      if (sent === undefined) return false;
      this.#spans.add(sent);
    }
    return true;
  }

  /** A dead worker whose spool is read: what it had begun has crashed, and then nothing of it is left. */
  async #bury(source: Source): Promise<boolean> {
    const endUs = source.lastWriteUs;
    const requests = source.begun.map((record) => {
      const spans = this.#tracing.spans(crashedSpans(record, endUs), source.writerId);
      return { record, spans, bare: undefined };
    });
    if (!(await this.#send(requests))) return false;
    this.#sources.delete(source.writerId);
    source.remove();
    if (requests.length > 0) {
      const { log } = this.#options;
      log.warn('a proxy worker ended with requests under way', { writer: source.writerId, requests: requests.length });
    }
    return true;
  }

  #lose(count: number, reason: string): void {
    this.#lost.add(count, { reason });
    this.#options.log.error('records of the spool could not be read', { count, reason });
  }
}

/** Waits for it, but not longer. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
