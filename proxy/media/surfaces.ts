// Paths of calls that are no conversation: forwarded as they are to the provider of their model, and accounted for.

import type { MediaKind } from '../../schemas/media/types.ts';
import type { Surface } from '../surface.ts';

interface Row {
  /** `{id}` stands for one segment. */
  readonly route: string;
  readonly kind: MediaKind;
  readonly methods: readonly string[];
}

const POST = ['POST'];
const row = (route: string, kind: MediaKind, methods: readonly string[] = POST): Row => ({ route, kind, methods });

const ROWS: readonly Row[] = [
  row('/v1/images/generations', 'image'),
  row('/v1/images/edits', 'image'),
  row('/v1/images/variations', 'image'),
  row('/v1/audio/speech', 'speech'),
  row('/v1/audio/transcriptions', 'transcription'),
  row('/v1/audio/translations', 'transcription'),
  row('/v1/moderations', 'moderation'),
  row('/v1/rerank', 'rerank'),
  row('/v2/rerank', 'rerank'),
  row('/v1/files', 'file', ['GET', 'POST']),
  row('/v1/files/{id}', 'file', ['GET', 'DELETE']),
  row('/v1/files/{id}/content', 'file', ['GET']),
  row('/v1/batches', 'batch', ['GET', 'POST']),
  row('/v1/batches/{id}', 'batch', ['GET']),
  row('/v1/batches/{id}/cancel', 'batch'),
];

const EXACT: ReadonlyMap<string, Row> = new Map(ROWS.map((each) => [each.route, each]));
const ID = /^\/v1\/(?:files|batches)\/([A-Za-z0-9_-]{1,256})(?=\/|$)/;

/** The surface of a path; undefined where it is none of these. */
export function mediaSurfaceOf(path: string): Surface | undefined {
  const id = ID.exec(path)?.[1];
  const found = EXACT.get(id === undefined ? path : path.replace(id, '{id}'));
  if (found === undefined) return undefined;
  const { route, kind, methods } = found;
  const upstreamPath = path.replace(/^\/v\d(?=\/)/, '');
  return { route, methods, operation: kind, dialect: '', upstreamPath, provider: '', model: '', streams: 'if_asked' };
}
