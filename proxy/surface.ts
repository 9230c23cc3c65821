// The paths that the data path answers, each exactly as written: no folding of case, slashes, dots or escapes, so that
// what was authorised and what runs can never be two readings of one path. Where a path names a model, that name is
// decoded once, checked like one out of a body, and encoded anew for the provider.

import type { DialectId } from '../schemas/call.ts';
import type { Operation } from './exchange.ts';
import { mediaSurfaceOf } from './media/surfaces.ts';

/** Who decides whether an answer is streamed: the path, or the body's `stream`, with its default. */
export type Streams = 'always' | 'never' | 'if_asked' | 'unless_refused';

export interface Surface {
  /** Low-cardinality name of the path. */
  readonly route: string;
  /** undefined: any but TRACE and CONNECT. */
  readonly methods: readonly string[] | undefined;
  readonly operation: Operation;
  readonly dialect: DialectId | '';
  /** Below the version of a provider's API; `{model}` stands for the model's name there. */
  readonly upstreamPath: string;
  /** Of /passthrough/{provider}/*. */
  readonly provider: string;
  /** As the path says it; '' where the body does. */
  readonly model: string;
  readonly streams: Streams;
}

interface Row {
  readonly route: string;
  readonly dialect: DialectId | '';
  readonly operation: Operation;
  readonly method?: 'GET' | 'POST';
  readonly streams?: Streams;
}

function surface({ route, dialect, operation, method = 'POST', streams = 'never' }: Row): Surface {
  const upstreamPath = route.replace(/^\/v\d(?:beta)?(?=\/)/, '');
  return { route, methods: [method], operation, dialect, upstreamPath, provider: '', model: '', streams };
}

const listed = (route: string, dialect: DialectId): Row => ({ route, dialect, operation: 'models', method: 'GET' });
const chat = (route: string, dialect: DialectId, streams: Streams = 'if_asked'): Row => ({
  route,
  dialect,
  operation: 'chat',
  streams,
});
const vectors = (route: string, dialect: DialectId): Row => ({ route, dialect, operation: 'embeddings' });

const EXACT: ReadonlyMap<string, Surface> = new Map(
  [
    chat('/v1/chat/completions', 'openai_chat'),
    chat('/v1/responses', 'openai_responses'),
    chat('/v1/completions', 'openai_completions'),
    vectors('/v1/embeddings', 'openai_embeddings'),
    chat('/v1/messages', 'anthropic'),
    { route: '/v1/messages/count_tokens', dialect: 'anthropic', operation: 'count' } as const,
    chat('/v2/chat', 'cohere'),
    vectors('/v2/embed', 'cohere_embeddings'),
    chat('/api/chat', 'ollama_chat', 'unless_refused'),
    chat('/api/generate', 'ollama_generate', 'unless_refused'),
    vectors('/api/embed', 'ollama_embeddings'),
    vectors('/api/embeddings', 'ollama_embeddings'),
    { route: '/v1/realtime', dialect: '', operation: 'realtime', method: 'GET' } as const,
    listed('/v1/models', 'openai_chat'),
    listed('/v1beta/models', 'gemini'),
    listed('/api/tags', 'ollama_chat'),
    listed('/api/version', 'ollama_chat'),
  ].map((row) => [row.route, surface(row)]),
);

/** Paths of one shape that name a model: what they do is their last word. */
interface Family {
  readonly shape: RegExp;
  readonly words: ReadonlyMap<string, Surface>;
}

const words = (rows: Readonly<Record<string, Row>>): ReadonlyMap<string, Surface> =>
  new Map(Object.entries(rows).map(([word, row]) => [word, surface(row)]));

const gemini = (version: string) =>
  words({
    generateContent: chat(`/${version}/models/{model}:generateContent`, 'gemini', 'never'),
    streamGenerateContent: chat(`/${version}/models/{model}:streamGenerateContent`, 'gemini', 'always'),
    countTokens: { route: `/${version}/models/{model}:countTokens`, dialect: 'gemini', operation: 'count' },
    embedContent: vectors(`/${version}/models/{model}:embedContent`, 'gemini_embeddings'),
    batchEmbedContents: vectors(`/${version}/models/{model}:batchEmbedContents`, 'gemini_embeddings'),
  });

const FAMILIES: readonly Family[] = [
  { shape: /^\/v1beta\/models\/([\x21-\x7e]+):([A-Za-z]+)$/, words: gemini('v1beta') },
  { shape: /^\/v1\/models\/([\x21-\x7e]+):([A-Za-z]+)$/, words: gemini('v1') },
  {
    shape: /^\/model\/([\x21-\x7e]+)\/([a-z-]+)$/,
    words: words({
      converse: chat('/model/{model}/converse', 'bedrock', 'never'),
      'converse-stream': chat('/model/{model}/converse-stream', 'bedrock', 'always'),
      invoke: chat('/model/{model}/invoke', 'bedrock_invoke', 'never'),
      'invoke-with-response-stream': chat('/model/{model}/invoke-with-response-stream', 'bedrock_invoke', 'always'),
    }),
  },
  { shape: /^\/v1beta\/models\/([\x21-\x7e]+)()$/, words: words({ '': listed('/v1beta/models/{model}', 'gemini') }) },
  { shape: /^\/v1\/models\/([\x21-\x7e]+)()$/, words: words({ '': listed('/v1/models/{model}', 'openai_chat') }) },
];

const PASSTHROUGH = /^\/passthrough\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})(\/[\x21-\x7e]*)$/;
/** Segments and escapes that two servers could read in two ways. */
const AMBIGUOUS = /\/\.{0,2}(?:\/|$)|%(?:2f|5c|2e|00)|\\|#/i;

/** The surface of a path; undefined where there is nothing, 'ambiguous' for a path nobody should forward. */
export function surfaceOf(path: string): Surface | 'ambiguous' | undefined {
  const known = EXACT.get(path);
  if (known !== undefined) return known;
  return path.startsWith('/passthrough/') ? passthroughOf(path) : (namedOf(path) ?? mediaSurfaceOf(path));
}

function namedOf(path: string): Surface | 'ambiguous' | undefined {
  for (const { shape, words } of FAMILIES) {
    const match = shape.exec(path);
    const found = words.get(match?.[2] ?? 'none');
    if (found === undefined) continue;
    const model = decoded(match?.[1] ?? '');
    return model === undefined ? 'ambiguous' : { ...found, model };
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function passthroughOf(path: string): Surface | 'ambiguous' | undefined {
  const match = PASSTHROUGH.exec(path);
  const provider = match?.[1];
  const rest = match?.[2];
  if (provider === undefined || rest === undefined) return undefined;
  // A trailing slash is a path of its own (some APIs have one); empty and dot segments inside are not.
  if (AMBIGUOUS.test(rest.endsWith('/') ? rest.slice(0, -1) : rest)) return 'ambiguous';
  return {
    route: '/passthrough/{provider}/*',
    methods: undefined,
    operation: 'passthrough',
    dialect: '',
    upstreamPath: rest,
    provider,
    model: '',
    streams: 'if_asked',
    ...readable(rest),
  };
}

/** Paths whose answers can be counted although nothing of them is ours. */
function readable(rest: string): Partial<Pick<Surface, 'dialect' | 'model' | 'streams'>> {
  const surface = EXACT.get(rest) ?? namedOf(rest);
  if (surface === undefined || surface === 'ambiguous') return {};
  const { operation, dialect, model, streams } = surface;
  return operation === 'chat' || operation === 'embeddings' ? { dialect, model, streams } : {};
}
