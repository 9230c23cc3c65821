// Google's account of tokens: the prompt with what was cached of it, thoughts apart from the answer, tools apart from the
// prompt, and each by kind.

import type { Usage, UsageUnits } from '../../call.ts';
import { count, fields, known, list, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { present } from '../write.ts';
import { google } from '../google.ts';

const TIERS: ReadonlyMap<unknown, string> = new Map([
  ['ON_DEMAND', 'default'],
  ['ON_DEMAND_PRIORITY', 'priority'],
  ['ON_DEMAND_FLEX', 'flex'],
  ['PROVISIONED_THROUGHPUT', 'provisioned'],
]);

/** The `usageMetadata` object. In a stream each one holds the totals so far. */
export function readGeminiUsage(value: unknown): Usage | undefined {
  const usage = google(value);
  const toolInput = known(usage['toolUsePromptTokenCount']);
  const read = usageOf({
    input: sum(usage['promptTokenCount'], usage['toolUsePromptTokenCount']),
    output: sum(usage['candidatesTokenCount'], usage['thoughtsTokenCount']),
    total: usage['totalTokenCount'],
    cacheRead: usage['cachedContentTokenCount'],
    cacheWrite: undefined,
    reasoning: usage['thoughtsTokenCount'],
  });
  if (read === undefined) return undefined;
  const units = unitsOf(usage, read, toolInput);
  return Object.keys(units).length === 0 ? read : { ...read, units };
}

/** Undefined where neither is there; an impossible one makes all of it so. */
function sum(one: unknown, other: unknown): unknown {
  const [a, b] = [count(one), count(other)];
  if (a === 'bad' || b === 'bad') return 'bad';
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function unitsOf(usage: Fields, { input, cacheRead, output }: Usage, toolInput: number): UsageUnits {
  const some = (tokens: number, whole: number) => (tokens === 0 ? undefined : Math.min(tokens, whole));
  const audioInput = some(ofKind(usage['promptTokensDetails'], 'AUDIO'), input);
  return present({
    audioInput,
    audioCacheRead: some(ofKind(usage['cacheTokensDetails'], 'AUDIO'), Math.min(cacheRead, audioInput ?? 0)),
    audioOutput: some(ofKind(usage['candidatesTokensDetails'], 'AUDIO'), output),
    imageInput: some(ofKind(usage['promptTokensDetails'], 'IMAGE'), input),
    imageOutput: some(ofKind(usage['candidatesTokensDetails'], 'IMAGE'), output),
    toolInput: some(toolInput, input),
  });
}

function ofKind(details: unknown, modality: string): number {
  const counts = list(details).map(google);
  return counts.reduce((total, each) => total + (each['modality'] === modality ? known(each['tokenCount']) : 0), 0);
}

/** The tier that was served, for spreading. */
export function tierOf(usage: unknown): { serviceTier?: string } {
  const { trafficType, serviceTier } = google(usage);
  const tier = TIERS.get(trafficType) ?? text(serviceTier).toLowerCase();
  return tier === '' ? {} : { serviceTier: tier };
}

/** The other way round, as an answer carries it. */
export function writeGeminiUsage(usage: Usage | undefined, tier: string | undefined): Record<string, unknown> {
  const { input = 0, cacheRead = 0, output = 0, reasoning = 0, units = {} } = usage ?? {};
  const toolInput = units.toolInput ?? 0;
  return present({
    promptTokenCount: input - toolInput,
    cachedContentTokenCount: cacheRead === 0 ? undefined : cacheRead,
    candidatesTokenCount: output - reasoning,
    thoughtsTokenCount: reasoning === 0 ? undefined : reasoning,
    toolUsePromptTokenCount: toolInput === 0 ? undefined : toolInput,
    totalTokenCount: input + output,
    promptTokensDetails: details({ AUDIO: units.audioInput, IMAGE: units.imageInput }, input - toolInput),
    cacheTokensDetails: details({ AUDIO: units.audioCacheRead }, cacheRead),
    candidatesTokensDetails: details({ AUDIO: units.audioOutput, IMAGE: units.imageOutput }, output - reasoning),
    trafficType: [...TIERS].find(([, ours]) => ours === tier)?.[0],
  });
}

/** Only where something else than text was counted. */
function details(kinds: Readonly<Record<string, number | undefined>>, total: number): readonly Fields[] | undefined {
  const some = Object.entries(kinds).filter(([, tokens]) => tokens !== undefined);
  if (some.length === 0) return undefined;
  const rest = some.reduce((left, [, tokens]) => left - (tokens ?? 0), total);
  return [...(rest > 0 ? [['TEXT', rest] as const] : []), ...some].map(([modality, tokenCount]) => ({
    modality,
    tokenCount,
  }));
}

/** Whether the object holds counts at all. */
export function saysUsage(body: Fields): boolean {
  return Object.keys(fields(body['usageMetadata'])).length > 0;
}
