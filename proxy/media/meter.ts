// What a media answer used, read while it passes: events of a stream, a JSON body too big to be kept, or bytes of audio
// that say nothing.

import { isFields, parsed, type Fields } from '../../schemas/dialects/read.ts';
import { MEDIA } from '../../schemas/media/index.ts';
import type { MediaKind, MediaUsage } from '../../schemas/media/types.ts';
import type { Reading } from '../exchange.ts';
import { scanBody } from '../json/scan.ts';
import { SseLines } from '../stream/lines.ts';
import { parseEvent } from '../stream/probe.ts';
import type { AnswerMeter } from '../stream/reading.ts';
import { nowUs } from '../clock.ts';

const KEPT_CHARS = 8192;
const USAGE: ReadonlySet<string> = new Set(['usage']);
const IMAGE = /"(?:b64_json|url)"\s*:/g;

export interface MediaMeterOptions {
  readonly kind: MediaKind;
  readonly asked: Fields;
  readonly reading: Reading;
  /** `events`: server-sent; `json`: one body; `bytes`: audio and files. */
  readonly form: 'events' | 'json' | 'bytes';
}

export class MediaMeter implements AnswerMeter {
  readonly outputBytes = 0;
  readonly #options: MediaMeterOptions;
  readonly #lines: SseLines;
  #tail = '';
  #images = 0;
  #usage: unknown;

  constructor(options: MediaMeterOptions) {
    this.#options = options;
    this.#lines = new SseLines((_event, data) => {
      if (data.includes('"usage"')) this.#usage = usageIn(parseEvent(data)) ?? this.#usage;
      if (data === '[DONE]' || DONE.test(data)) this.reading.complete = true;
    });
  }

  get reading(): Reading {
    return this.#options.reading;
  }

  push(latin1: string): void {
    const { form, reading } = this.#options;
    reading.chunks++;
    if (reading.firstTokenUs === 0) reading.firstTokenUs = nowUs();
    if (form === 'events') this.#lines.push(latin1);
    else if (form === 'json') {
      const text = this.#tail.slice(-16) + latin1;
      this.#images += text.match(IMAGE)?.length ?? 0;
      this.#tail = (this.#tail + latin1).slice(-KEPT_CHARS);
    }
  }

  end(): void {
    const { form, kind, asked, reading } = this.#options;
    if (form === 'events') this.#lines.end();
    else if (form === 'json') {
      reading.complete = this.#tail.trimEnd().endsWith('}');
      this.#usage = usageAtEnd(this.#tail);
    } else reading.complete = true;
    // In place of the images themselves, which nobody kept: as many as there were.
    const answer = { usage: this.#usage, data: Array.from({ length: this.#images }, () => null) };
    note(reading, MEDIA[kind].read(asked, answer));
  }
}

/** Events after which nothing more comes. */
const DONE =
  /"type"\s*:\s*"(?:image_generation\.completed|image_edit\.completed|transcript\.text\.done|speech\.audio\.done)"/;

/** Takes what was used over into the notes. */
export function note(reading: Reading, used: MediaUsage | undefined): void {
  if (used === undefined) return;
  reading.usage = used.usage;
  reading.usageSource = used.source;
  reading.model ||= used.model ?? '';
  reading.serviceTier ||= used.serviceTier ?? '';
}

function usageIn(event: unknown): unknown {
  return isFields(event) && isFields(event['usage']) ? event['usage'] : undefined;
}

function usageAtEnd(tail: string): unknown {
  const at = tail.lastIndexOf('"usage"');
  if (at < 0) return undefined;
  const text = `{${tail.slice(at)}`;
  const span = scanBody(text, USAGE, 16).found.get('usage');
  return span && parsed(text.slice(span.start, span.end));
}
