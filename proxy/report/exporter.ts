// Sends spans to the collector as OTLP/JSON and says what became of them, in the words that decide a retry.
// Checked with exporter 0.301: a Uint8Array attribute leaves as `bytesValue` in Base64, as OTLP wants it.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';

export type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number];

export interface SendResult {
  /** `later`: it may work another time. `poison`: the collector will never take these bytes. */
  readonly state: 'sent' | 'later' | 'poison';
  readonly reason: string;
  /** The collector's own wish; 0 without one. */
  readonly waitMs: number;
}

/** Of one request, the retries within it included. */
const TIMEOUT_MS = 10_000;
/** Everything else may pass: an outage, an overload, a wrong address that somebody will put right. */
const POISON: ReadonlySet<unknown> = new Set([400, 413, 422]);

export class Exporter {
  readonly #exporter: OTLPTraceExporter;
  readonly #retryAfter: RetryAfter;

  /** @param collector its base address */
  constructor(collector: string) {
    const url = `${collector}/v1/traces`;
    this.#exporter = new OTLPTraceExporter({ url, timeoutMillis: TIMEOUT_MS, concurrencyLimit: 1 });
    this.#retryAfter = new RetryAfter(new URL(url));
  }

  /** Never rejects. One at a time. */
  send(spans: readonly ReadableSpan[]): Promise<SendResult> {
    this.#retryAfter.ms = 0;
    const { promise, resolve } = Promise.withResolvers<SendResult>();
    this.#exporter.export([...spans], ({ error }) => resolve(this.#judge(error)));
    return promise;
  }

  async close(): Promise<void> {
    this.#retryAfter.stop();
    await this.#exporter.shutdown();
  }

  #judge(error: Error | undefined): SendResult {
    if (!error) return { state: 'sent', reason: '', waitMs: 0 };
    const code = 'code' in error ? error.code : undefined;
    const reason = [code, error.message].filter(Boolean).join(' ');
    return { state: POISON.has(code) ? 'poison' : 'later', reason, waitMs: this.#retryAfter.ms };
  }
}

/** The exporter follows a Retry-After within its own time limit and forgets a longer one; this remembers it. */
class RetryAfter {
  ms = 0;
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
    subscribe('http.client.response.finish', this.#onResponse);
  }

  stop(): void {
    unsubscribe('http.client.response.finish', this.#onResponse);
  }

  readonly #onResponse = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const { pathname, hostname } = this.#url;
    if (request.path !== pathname || request.host !== hostname.replace(/^\[|\]$/g, '')) return;
    const header = response.headers['retry-after'] ?? '';
    const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
    this.ms = Number.isFinite(wait) ? Math.max(0, wait) : 0;
  };
}
