// What calls other than conversations used, by kind.

import type { Usage, UsageUnits } from '../call.ts';
import { fields, known, list, text, usageOf } from '../dialects/read.ts';
import type { Fields } from '../dialects/read.ts';
import type { MediaKind, MediaReader, MediaUsage } from './types.ts';

const NOTHING: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

export const MEDIA: Readonly<Record<MediaKind, MediaReader>> = {
  image: { id: 'image', summary: 'Images made or changed: tokens, else how many', read: readImages },
  speech: { id: 'speech', summary: 'Text read aloud: tokens where they are said, else characters', read: readSpeech },
  transcription: { id: 'transcription', summary: 'Audio written down: tokens or seconds', read: readTranscription },
  moderation: { id: 'moderation', summary: 'Moderations: free', read: () => undefined },
  rerank: { id: 'rerank', summary: 'Documents put in order: searches or tokens', read: readRerank },
  file: { id: 'file', summary: 'Files: free', read: () => undefined },
  batch: { id: 'batch', summary: 'Batches: billed once, when they are over', read: readBatch },
};

/**
 * Token counts of OpenAI's newer endpoints: totals, with details of what kind they were. Their names differ by a letter
 * from endpoint to endpoint.
 */
export function readDetailedUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const input = fields(usage['input_tokens_details'] ?? usage['input_token_details']);
  const output = fields(usage['output_tokens_details'] ?? usage['output_token_details']);
  const cached = fields(input['cached_tokens_details']);
  const read = usageOf({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    cacheRead: input['cached_tokens'],
    cacheWrite: undefined,
    reasoning: output['reasoning_tokens'],
  });
  if (read === undefined) return undefined;
  const units = present({
    audioInput: Math.min(known(input['audio_tokens']), read.input),
    audioCacheRead: Math.min(known(cached['audio_tokens']), read.cacheRead),
    imageInput: Math.min(known(input['image_tokens']), read.input),
    audioOutput: Math.min(known(output['audio_tokens']), read.output),
    imageOutput: Math.min(known(output['image_tokens']), read.output),
  });
  return units === undefined ? read : { ...read, units };
}

/** Usage of several answers together: a session's. */
export function addUsage(one: Usage | undefined, other: Usage): Usage {
  if (one === undefined) return other;
  const units: Record<string, number> = { ...one.units };
  for (const [name, count] of Object.entries(other.units ?? {})) units[name] = (units[name] ?? 0) + count;
  return {
    input: one.input + other.input,
    cacheRead: one.cacheRead + other.cacheRead,
    cacheWrite: one.cacheWrite + other.cacheWrite,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
    ...(Object.keys(units).length > 0 ? { units } : {}),
  };
}

function readImages(_asked: Fields, answer: unknown): MediaUsage | undefined {
  const body = fields(answer);
  const usage = readDetailedUsage(body['usage']);
  const images = list(body['data']).length;
  if (usage === undefined) return images > 0 ? ofUnits({ images }, 'provider') : undefined;
  // Models billed by the token answer with images alone: what is not said to be text is image.
  const details = fields(fields(body['usage'])['output_tokens_details']);
  const imageOutput = usage.units?.imageOutput ?? Math.max(0, usage.output - known(details['text_tokens']));
  return { usage: { ...usage, units: { ...usage.units, imageOutput } }, source: 'provider' };
}

function readSpeech(asked: Fields, answer: unknown): MediaUsage | undefined {
  const usage = readDetailedUsage(fields(answer)['usage']);
  if (usage !== undefined) {
    return { usage: { ...usage, units: { ...usage.units, audioOutput: usage.output } }, source: 'provider' };
  }
  const characters = [...text(asked['input'])].length;
  return characters > 0 ? ofUnits({ characters }, 'estimated') : undefined;
}

function readTranscription(_asked: Fields, answer: unknown): MediaUsage | undefined {
  const body = fields(answer);
  const said = fields(body['usage']);
  const tokens = readDetailedUsage(said);
  if (tokens !== undefined) return { usage: tokens, source: 'provider' };
  const seconds = wholeSeconds(said['seconds'] ?? body['duration']);
  return seconds > 0 ? ofUnits({ seconds }, 'provider') : undefined;
}

function readRerank(_asked: Fields, answer: unknown): MediaUsage | undefined {
  const body = fields(answer);
  const searches = known(fields(fields(body['meta'])['billed_units'])['search_units']);
  if (searches > 0) return ofUnits({ searches }, 'provider');
  const { total_tokens: total, prompt_tokens: prompt } = fields(body['usage']);
  const input = known(prompt) || known(total);
  return input > 0 ? { usage: { ...NOTHING, input }, source: 'provider' } : undefined;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'expired', 'cancelled', 'failed']);

function readBatch(_asked: Fields, answer: unknown): MediaUsage | undefined {
  const body = fields(answer);
  const usage = readDetailedUsage(body['usage']);
  const id = text(body['id']);
  if (usage === undefined || id === '' || !OVER.has(text(body['status'])) || usage.input + usage.output === 0) return;
  return { usage, source: 'provider', model: text(body['model']), serviceTier: 'batch', once: id };
}

function ofUnits(units: UsageUnits, source: MediaUsage['source']): MediaUsage {
  return { usage: { ...NOTHING, units }, source };
}

/** Only the counts that are there; undefined where none is. */
function present(units: UsageUnits): UsageUnits | undefined {
  const found = Object.entries(units).filter(([, count]) => count > 0);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** Providers bill audio by the second, rounded up. */
function wholeSeconds(value: unknown): number {
  const seconds = typeof value === 'string' ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e7 ? Math.ceil(seconds) : 0;
}
