// The framings of streamed answers by name: bytes to events and back.

import type { Framing } from '../call.ts';
import type { Frame } from '../dialects/types.ts';
import { AwsReader, encodeAws } from './aws.ts';
import { LineReader } from './lines.ts';
import { SseDecoder } from './sse.ts';
import type { FrameReader, FrameSink } from './types.ts';

interface FramingKind {
  readonly contentType: string;
  read(sink: FrameSink): FrameReader;
  write(frame: Frame): Buffer;
}

export const FRAMINGS: Readonly<Record<Framing, FramingKind>> = {
  sse: {
    contentType: 'text/event-stream',
    read: (sink) => new SseDecoder(({ event, data }) => sink(event, data)),
    write: ({ event, data }) => Buffer.from(event === '' ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`),
  },
  lines: {
    contentType: 'application/x-ndjson',
    read: (sink) => new LineReader(sink),
    write: ({ data }) => Buffer.from(`${data}\n`),
  },
  aws: {
    contentType: 'application/vnd.amazon.eventstream',
    read: (sink) => new AwsReader(sink),
    write: ({ event, data }) => encodeAws(event, data),
  },
};
