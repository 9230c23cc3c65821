// What a proxy process had to give up between a call and the collector. Each process says it as an OTLP log record of this
// name, with totals since it started as attributes: what is said twice counts once, and what got lost is said again.

export const LOSSES_EVENT = 'signalbox.proxy.losses';

export const LOSSES = [
  /** Begin and end records that a full spool or disk did not keep. */
  'span_records_dropped',
  /** Prompts and answers, likewise; their spans live longer. */
  'payloads_dropped',
  /** Records of the spool that could not be read, and segments that were dropped before they were read. */
  'records_unreadable',
  /** Requests whose spans, or whose payloads, the collector would not take. */
  'spans_refused',
  'payloads_refused',
] as const;

export type Loss = (typeof LOSSES)[number];
