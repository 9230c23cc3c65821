// Streams for the tests of the dialects: events to bytes, bytes through the real decoder in any cut.

import { DIALECTS } from '../../schemas/dialects/index.ts';
import { SseDecoder } from '../../schemas/framing/sse.ts';
import type { CallOutput, DialectId } from '../../schemas/call.ts';
import type { SseEvent } from '../../schemas/framing/sse.ts';

/** `data:` lines, each with an `event:` line where the dialect has typed events. */
export function sseBytes(events: readonly unknown[], typed = false): Buffer {
  const text = events.map((event) => {
    const data = typeof event === 'string' ? event : JSON.stringify(event);
    const type = typed ? (event as { type?: string }).type : undefined;
    return `${type === undefined ? '' : `event: ${type}\n`}data: ${data}\n\n`;
  });
  return Buffer.from(text.join(''));
}

/** The events of a stream that arrives in these pieces. */
export function decode(chunks: readonly Uint8Array[]): SseEvent[] {
  const events: SseEvent[] = [];
  const decoder = new SseDecoder((event) => events.push(event));
  for (const chunk of chunks) decoder.push(chunk);
  decoder.end();
  return events;
}

/** What a dialect makes of a stream that arrives in these pieces. */
export function readStream(dialect: DialectId, chunks: readonly Uint8Array[]): CallOutput {
  const reader = DIALECTS[dialect].stream();
  for (const { event, data } of decode(chunks)) reader.push(event, data);
  return reader.output();
}

/** Every way to cut bytes in two. */
export function* cuts(bytes: Buffer): Generator<readonly [Buffer, Buffer]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}
