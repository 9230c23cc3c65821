// Moves rows from the queue to the store: in groups, in order, exactly once. A batch is retried under its token until
// the store has it; only rows that are themselves at fault are set aside, found by halving the batch.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../runtime/log.ts';
import { messageOf } from '../../runtime/log.ts';
import type { EncodedBatch, StoreWriter } from '../component.ts';
import { PermanentError } from '../component.ts';
import { countRows, decodeBatch, sliceBatch } from './codec.ts';
import { Quarantine, type Poison } from './quarantine.ts';
import type { Wal, WalBatch } from './wal.ts';

export interface WriterOptions {
  readonly wal: Wal;
  readonly store: StoreWriter;
  readonly log: Logger;
  /** Where poison goes. */
  readonly quarantine: string;
  readonly onStored: (rows: number, ms: number) => void;
  readonly onRetry: () => void;
  readonly onQuarantined: (rows: number) => void;
  /** Milliseconds that rows wait for company. */
  readonly groupMs?: number;
  readonly firstRetryMs?: number;
  readonly lastRetryMs?: number;
  /** An insert that takes longer counts as failed; under its token it may still succeed and adds nothing twice. */
  readonly timeoutMs?: number;
}

/** An insert costs the engine about 100 ms before its first row (seven tables get files), so groups are large. */
const GROUP_ROWS = 20_000;
const GROUP_MS = 1000;
const LIMITS = { maxRecords: 8192, maxBytes: 32 * 1024 * 1024 };
/** Inserts spent on one bad batch; what is still unclear then is set aside whole. */
const MAX_SPLITS = 512;
const CLOSE_ATTEMPT_MS = 5000;

export class QueueWriter {
  readonly #options: WriterOptions;
  readonly #quarantine: Quarantine;
  readonly #stop = new AbortController();
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #flushing = 0;
  #closing = false;
  #backingOff = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#quarantine = new Quarantine(options.quarantine);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Rows were appended: a full group need not wait any longer. */
  notify(): void {
    if (this.#options.wal.pendingRows >= GROUP_ROWS || this.#flushing > 0) this.#wake?.();
  }

  /** Settles once what the queue holds now is stored or set aside. */
  async flush(): Promise<void> {
    this.#flushing++;
    try {
      while (this.#options.wal.pendingRows > 0 && !this.#stop.signal.aborted) {
        this.#wake?.();
        await sleep(5);
      }
    } finally {
      this.#flushing--;
    }
  }

  /** Stores what it can in one attempt; the rest is durable and goes on at the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#backingOff) this.#stop.abort();
    this.#wake?.();
    const running = this.#running ?? Promise.resolve();
    await Promise.race([running, sleep(CLOSE_ATTEMPT_MS, undefined, { ref: false })]);
    this.#stop.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const moved = await this.#step();
      if (!moved && this.#closing) return;
      const more = moved && this.#options.wal.pendingRows >= GROUP_ROWS;
      if (!more && !this.#closing) await this.#pause(this.#options.groupMs ?? GROUP_MS);
    }
  }

  /** True when a batch was dealt with. An error of the disk leaves the batch where it is, for the next step. */
  async #step(): Promise<boolean> {
    try {
      const batch = this.#options.wal.take(LIMITS);
      if (batch) await this.#deliver(batch);
      return batch !== undefined;
    } catch (error) {
      this.#options.log.error('the queue cannot be read or cleared; trying again', { error: messageOf(error) });
      return false;
    }
  }

  async #deliver(batch: WalBatch): Promise<void> {
    const started = performance.now();
    const rows = countRows(batch.rows);
    const failed = rows > 0 ? await this.#insert(batch.rows, batch.token) : undefined;
    const poison = failed ? await this.#split(batch, failed) : [];
    if (this.#stop.signal.aborted) return;
    const bad = poison.reduce((sum, each) => sum + countRows(each.rows), 0);
    if (bad > 0) {
      this.#quarantine.keep(batch.token, poison);
      this.#options.onQuarantined(bad);
      this.#options.log.error('rows were refused by the store and set aside', { rows: bad, reason: poison[0]?.reason });
    }
    this.#options.wal.commit(batch);
    this.#options.onStored(rows - bad, performance.now() - started);
  }

  /**
   * Halves each table's rows until the bad ones stand alone. A whole table keeps the batch's token (the store may have
   * taken it already); every part has one of its own, the same each time the batch is split.
   */
  async #split(batch: WalBatch, first: PermanentError): Promise<Poison[]> {
    const poison: Poison[] = [];
    const { spans, io, scores } = batch.rows;
    const open = [
      { from: 0, to: spans.rows, whole: true },
      { from: spans.rows, to: spans.rows + io.rows, whole: true },
      { from: spans.rows + io.rows, to: spans.rows + io.rows + scores.rows, whole: true },
    ];
    let inserts = 0;
    for (let part = open.shift(); part && !this.#stop.signal.aborted; part = open.shift()) {
      const { from, to, whole } = part;
      if (to === from) continue;
      const rows = sliceBatch(batch.rows, from, to);
      const tooMany = inserts++ >= MAX_SPLITS;
      const token = whole ? batch.token : `${batch.token}/${from}-${to}`;
      const failed = tooMany ? first : await this.#insert(rows, token);
      if (!failed) continue;
      if (tooMany || to - from === 1) poison.push({ rows, reason: failed.message });
      else {
        const middle = (from + to) >> 1;
        open.push({ from, to: middle, whole: false }, { from: middle, to, whole: false });
      }
    }
    return poison;
  }

  /**
   * Until the store has the rows, refuses them for good, or the writer stops.
   * @returns why the store refuses them
   */
  async #insert(rows: EncodedBatch, token: string): Promise<PermanentError | undefined> {
    const { firstRetryMs = 250, lastRetryMs = 30_000, log } = this.#options;
    for (let wait = firstRetryMs; !this.#stop.signal.aborted; wait = Math.min(wait * 2, lastRetryMs)) {
      try {
        await this.#attempt(rows, token);
        return undefined;
      } catch (error) {
        if (error instanceof PermanentError) return error;
        this.#options.onRetry();
        log.warn('the store did not take a batch; trying again', {
          error: messageOf(error),
          wait_ms: Math.round(wait),
        });
        if (this.#closing) this.#stop.abort();
        this.#backingOff = true;
        await this.#pause(wait * (0.75 + Math.random() / 2));
        this.#backingOff = false;
      }
    }
    return undefined;
  }

  async #attempt(rows: EncodedBatch, token: string): Promise<void> {
    const { store, timeoutMs = 120_000 } = this.#options;
    const insert = store.insertEncoded ? store.insertEncoded(rows, token) : store.insert(decodeBatch(rows), token);
    const timer = new AbortController();
    const late = sleep(timeoutMs, undefined, { ref: false, signal: timer.signal }).then(() => {
      throw new Error(`the insert took longer than ${timeoutMs} ms`);
    });
    try {
      await Promise.race([insert, late]);
    } finally {
      timer.abort();
      late.catch(() => undefined);
      insert.catch(() => undefined);
    }
  }

  /** Waits, unless something wakes it or the writer stops. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      if (!this.#backingOff) this.#wake = wake;
    });
  }
}
