// The paths that the data path answers, each exactly as written: no folding of case, slashes, dots or escapes, so that
// what was authorised and what runs can never be two readings of one path.

import type { DialectId } from '../schemas/call.ts';
import type { Operation } from './exchange.ts';

export interface Surface {
  /** Low-cardinality name of the path. */
  readonly route: string;
  /** undefined: any but TRACE and CONNECT. */
  readonly method: 'GET' | 'POST' | undefined;
  readonly operation: Operation;
  readonly dialect: DialectId | '';
  /** Below a provider's base URL. */
  readonly upstreamPath: string;
  /** Of /passthrough/{provider}/*. */
  readonly provider: string;
}

const row = (route: string, dialect: DialectId, operation: Operation): Surface => ({
  route,
  method: 'POST',
  operation,
  dialect,
  upstreamPath: route.slice('/v1'.length),
  provider: '',
});

const SURFACES: ReadonlyMap<string, Surface> = new Map(
  [
    row('/v1/chat/completions', 'openai_chat', 'chat'),
    row('/v1/responses', 'openai_responses', 'chat'),
    row('/v1/embeddings', 'openai_embeddings', 'embeddings'),
    row('/v1/messages', 'anthropic', 'chat'),
    { ...row('/v1/models', 'openai_chat', 'models'), method: 'GET' as const },
  ].map((surface) => [surface.route, surface]),
);

const PASSTHROUGH = /^\/passthrough\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})(\/[\x21-\x7e]*)$/;
/** Segments and escapes that two servers could read in two ways. */
const AMBIGUOUS = /\/\.{0,2}(?:\/|$)|%(?:2f|5c|2e|00)|\\|#/i;

/** The surface of a path; undefined where there is nothing, 'ambiguous' for a passthrough path nobody should forward. */
export function surfaceOf(path: string): Surface | 'ambiguous' | undefined {
  const known = SURFACES.get(path);
  if (known !== undefined) return known;
  if (!path.startsWith('/passthrough/')) return undefined;
  const match = PASSTHROUGH.exec(path);
  const provider = match?.[1];
  const rest = match?.[2];
  if (provider === undefined || rest === undefined) return undefined;
  // A trailing slash is a path of its own (some APIs have one); empty and dot segments inside are not.
  if (AMBIGUOUS.test(rest.endsWith('/') ? rest.slice(0, -1) : rest)) return 'ambiguous';
  return {
    route: '/passthrough/{provider}/*',
    method: undefined,
    operation: 'passthrough',
    dialect: dialectOfPassthrough(rest),
    upstreamPath: rest,
    provider,
  };
}

/** Paths whose answers can be counted although nothing of them is ours. */
function dialectOfPassthrough(rest: string): DialectId | '' {
  for (const surface of SURFACES.values()) {
    if (surface.operation !== 'models' && rest === surface.route) return surface.dialect;
  }
  return '';
}
