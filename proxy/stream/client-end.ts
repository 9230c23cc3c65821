// Chooses the client's end of a streamed answer: its bytes as they are with a meter beside them, or a translation.

import type { IncomingHttpHeaders } from 'node:http';
import { beginAnswer } from '../answer.ts';
import type { Attempt } from '../exchange.ts';
import { one } from '../headers.ts';
import type { Live } from '../live.ts';
import { mediaMeterOf, mediaOf } from '../media/index.ts';
import { streamTranslationOf } from '../translation.ts';
import { meterOf } from './meter.ts';
import { Outlet, type Pace } from './outlet.ts';
import type { AnswerNotes } from './reading.ts';
import { TailMeter } from './tail.ts';
import { TranslatedStream } from './translated.ts';

export interface ClientEndOptions {
  readonly attempt: Attempt;
  /** Of the provider's answer. */
  readonly headers: IncomingHttpHeaders;
  /** The answer is a stream of events. */
  readonly events: boolean;
  readonly pace: Pace;
}

export interface ClientEnd {
  readonly outlet: Outlet | TranslatedStream;
  /** undefined: nobody here reads this answer. */
  readonly meter: AnswerNotes | undefined;
}

/** Writes the head of the answer. */
export function openClientEnd(live: Live, { attempt, headers, events, pace }: ClientEndOptions): ClientEnd {
  const { dialect, reading, httpStatus } = attempt;
  const translation = events ? streamTranslationOf(live) : undefined;
  beginAnswer(live, httpStatus, translation?.frames.headers ?? headers);
  if (translation !== undefined) {
    const outlet = new Outlet({ live, meter: undefined, hideUsage: false, pace });
    const translated = new TranslatedStream({ translation, reading, outlet });
    return { outlet: translated, meter: translated.notes };
  }
  const media = mediaOf(live.operation);
  if (media !== undefined) {
    const meter = mediaMeterOf(media, live, one(headers['content-type']));
    return { outlet: new Outlet({ live, meter, hideUsage: false, pace }), meter };
  }
  const meter = dialect === '' ? undefined : events ? meterOf(dialect, reading) : new TailMeter(dialect, reading);
  const hideUsage = live.outgoing?.hideUsage === true && events;
  return { outlet: new Outlet({ live, meter, hideUsage, pace }), meter };
}
