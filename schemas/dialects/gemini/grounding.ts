// Where an answer's words come from: pages that a search found, and sources that were recited. Google counts in bytes of
// UTF-8, the neutral call in characters.

import type { Citation } from '../../call.ts';
import { count, list, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { present } from '../write.ts';
import { google } from '../google.ts';

/** The citations of a candidate, `said` the text they are about. */
export function readCitations(candidate: Fields, said: string): readonly Citation[] {
  const grounding = google(candidate['groundingMetadata']);
  const chunks = list(grounding['groundingChunks']).map(readChunk);
  const bytes = Buffer.from(said);
  const supports = list(grounding['groundingSupports']).map(google);
  const supported = supports.flatMap((support) => {
    const span = spanOf(google(support['segment']), bytes);
    return list(support['groundingChunkIndices']).flatMap((at) => {
      const chunk = typeof at === 'number' ? chunks[at] : undefined;
      return chunk === undefined ? [] : [{ ...chunk, ...span }];
    });
  });
  const recited = list(google(candidate['citationMetadata'])['citations']).map(google);
  const sources = recited.map((each) => ({ ...pageOf(each), ...spanOf(each, bytes) }));
  return [...(supports.length > 0 ? supported : chunks), ...sources];
}

function readChunk(value: unknown): Citation {
  const chunk = google(value);
  const [kind] = Object.keys(chunk);
  return pageOf(google(kind === undefined ? undefined : chunk[kind]));
}

function pageOf(page: Fields): Citation {
  const url = text(page['uri']);
  const title = text(page['title']);
  return { ...(url === '' ? {} : { url }), ...(title === '' ? {} : { title }) };
}

function spanOf({ startIndex, endIndex }: Fields, bytes: Buffer): { start?: number; end?: number } {
  const end = count(endIndex);
  const start = count(startIndex) ?? 0;
  if (typeof end !== 'number' || typeof start !== 'number' || end > bytes.length || start > end) return {};
  const characters = (to: number) => bytes.subarray(0, to).toString('utf8').length;
  return { start: characters(start), end: characters(end) };
}

/** What a search costs: newer models bill each query, older ones the answer that needed any. */
export function searchesOf(candidates: readonly Fields[], model: string): number {
  const queries = candidates.map((each) => list(google(each['groundingMetadata'])['webSearchQueries']).length);
  const all = queries.reduce((total, each) => total + each, 0);
  return /gemini-[12](?!\d)/.test(model) ? Math.min(all, 1) : all;
}

/** The citations of a text as a candidate carries them; undefined where it has none. */
export function writeCitations(citations: readonly Citation[], said: string): Record<string, unknown> | undefined {
  if (citations.length === 0) return undefined;
  const bytes = (to: number) => Buffer.byteLength(said.slice(0, to));
  const segment = ({ start = 0, end = said.length }: Citation) => ({
    startIndex: bytes(start),
    endIndex: bytes(end),
    text: said.slice(start, end),
  });
  return {
    groundingChunks: citations.map(({ url, title }) => ({ web: present({ uri: url, title }) })),
    groundingSupports: citations.map((citation, at) => ({
      segment: segment(citation),
      groundingChunkIndices: [at],
    })),
  };
}
