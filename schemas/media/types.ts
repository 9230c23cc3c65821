// Calls that are forwarded as they are (images, audio, moderations, rerank, files, batches): their answers are no
// conversation, but they cost money, and what they used is read here.

import type { Usage } from '../call.ts';
import type { Fields } from '../dialects/read.ts';

export const MEDIA_KINDS = ['image', 'speech', 'transcription', 'moderation', 'rerank', 'file', 'batch'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export interface MediaUsage {
  readonly usage: Usage;
  /** `provider`: its own numbers; `estimated`: counted here from what was asked. */
  readonly source: 'provider' | 'estimated';
  /** Named by the answer where the request names none (batches). */
  readonly model?: string;
  readonly serviceTier?: string;
  /** A bill that several answers repeat (each look at a finished batch): only the first one counts. */
  readonly once?: string;
}

/** One kind: pure functions over parsed JSON that never throw. */
export interface MediaReader {
  readonly id: MediaKind;
  readonly summary: string;
  /**
   * @param asked the request's fields, of its JSON or its form
   * @param answer the answer's JSON; undefined where it was none (audio)
   */
  read(asked: Fields, answer: unknown): MediaUsage | undefined;
}
