// Calls that are no conversation (images, audio, moderations, rerank, files, batches): what the stages ask about them.

import { parsed, type Fields } from '../../schemas/dialects/read.ts';
import { MEDIA } from '../../schemas/media/index.ts';
import type { MediaKind } from '../../schemas/media/types.ts';
import type { Operation } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Held, Live } from '../live.ts';
import { MediaMeter, note } from './meter.ts';
import type { Once } from './once.ts';

/** The kind of a call; undefined for conversations and everything else. */
export function mediaOf(operation: Operation): MediaKind | undefined {
  return Object.hasOwn(MEDIA, operation) ? (operation as MediaKind) : undefined;
}

export function isJson(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json/i.test(contentType);
}

/** Reads an answer that is not kept, as it passes. */
export function mediaMeterOf(kind: MediaKind, live: Live, contentType: string): MediaMeter {
  const form = contentType.startsWith('text/event-stream') ? 'events' : isJson(contentType) ? 'json' : 'bytes';
  const reading = live.attempts.at(-1)?.reading;
  if (reading === undefined) throw new Error('an answer without an attempt');
  return new MediaMeter({ kind, asked: askedOf(live), reading, form });
}

/** What a kept answer says was used. A bill that was written before is not written again. */
export function readMedia(live: Live, { headers, body, status }: Held, once: Once): void {
  const kind = mediaOf(live.operation);
  const attempt = live.attempts.at(-1);
  if (kind === undefined || attempt === undefined) return;
  attempt.reading.complete = true;
  if (status >= 400) return;
  const answer = isJson(one(headers['content-type'])) ? parsed(body.toString()) : undefined;
  const used = MEDIA[kind].read(askedOf(live), answer);
  if (used?.once === undefined || once.claim(`${attempt.target.deployment}/${used.once}`)) note(attempt.reading, used);
}

function askedOf(live: Live): Fields {
  return live.form?.fields ?? live.json ?? {};
}
