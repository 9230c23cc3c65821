// What the data path hands over to the report: two moments of one request. The recorder behind it is synchronous, never
// throws into the data path and never blocks it on the collector.

import type { Exchange } from '../exchange.ts';

export interface Recorder {
  /** Before anything goes upstream, so that a killed process leaves a trace of the request. */
  begin(exchange: Exchange): void;
  /** Exactly once, after the last byte: the exchange does not change any more. */
  end(exchange: Exchange): void;
  /** Flushes; nothing is recorded afterwards. */
  close(): void;
}
