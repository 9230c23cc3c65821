// 8 adapt: the caller's request as this attempt's provider wants it. Same dialect in and out: the bytes go through
// untouched but for the model's name and, on a chat stream, the wish for usage. Otherwise it is what translate wrote.

import { fields, isFields, parsed, type Fields } from '../../schemas/dialects/read.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { nowUs } from '../clock.ts';
import { headersAcross, headersUp } from '../headers.ts';
import { applyEdits, type Edit } from '../json/edit.ts';
import type { Live, Outgoing } from '../live.ts';
import type { Handler, Layer } from '../pipeline.ts';
import { segment } from '../providers/paths.ts';
import type { Endpoint, Provider } from '../providers/types.ts';
import type { Services } from '../services.ts';
import type { Translation } from '../translation.ts';

export function adapt({ providers, keys }: Services): Layer {
  return (live, next) => {
    const target = live.attempts.at(-1)?.target;
    const found = target === undefined ? undefined : providers.get(target.deployment);
    const provider = found?.keys?.pick(nowUs()) ?? found;
    if (target === undefined || provider === undefined) {
      return Promise.reject(new GatewayError('internal', 'The route leads to a provider that is not configured.'));
    }
    const outgoing = outgoingOf({ live, provider, model: target.model, ownKeys: !keys.open });
    live.outgoing = outgoing;
    return provider.sign === undefined ? next(live) : signed(provider.sign(outgoing), live, next);
  };
}

/** A provider that gives no proof is as far away as one that does not answer: the next target may. */
async function signed(signing: Promise<void>, live: Live, next: Handler): Promise<void> {
  try {
    await signing;
  } catch (error) {
    const attempt = live.attempts.at(-1);
    if (!(error instanceof GatewayError) || attempt === undefined) throw error;
    attempt.errorType = 'connect';
    attempt.errorMessage = error.message;
    attempt.endUs = nowUs();
    live.ownSinceUs = attempt.endUs;
    live.failure = error;
    return;
  }
  await next(live);
}

interface Adapting {
  readonly live: Live;
  readonly provider: Provider;
  readonly model: string;
  /** The caller's credential is a key of ours and must not leave. */
  readonly ownKeys: boolean;
}

function outgoingOf(adapting: Adapting): Outgoing {
  const { live, provider, ownKeys } = adapting;
  if (live.operation === 'passthrough') return passthrough(live, provider, ownKeys);
  if (live.operation === 'realtime') return session(adapting);
  return live.translation === undefined ? sameDialect(adapting) : translated(adapting, live.translation);
}

function sameDialect({ live, provider, model, ownKeys }: Adapting): Outgoing {
  const headers = headersUp(live.request.headers, false);
  // Asked for plain bytes, a provider sends what the meter can read and the client can take as it is.
  headers.push('accept-encoding', 'identity');
  provider.authorize(headers, live.request.headers, ownKeys);
  const edits: Edit[] = [];
  const modelSpan = live.form?.model ?? live.scan?.found.get('model');
  if (model !== live.modelAsked && modelSpan !== undefined) {
    edits.push({ ...modelSpan, text: live.form === undefined ? JSON.stringify(model) : model });
  }
  const usage = usageEdit(live, provider);
  if (usage !== undefined) edits.push(usage);
  const endpoint = endpointOf(live, model);
  const body = applyEdits(live.body, edits);
  return {
    provider,
    method: live.method,
    path: withQuery(provider.endpoint(endpoint), live),
    headers,
    body: provider.shape === undefined ? body : shaped(provider.shape(endpoint, fields(parsed(body.toString())))),
    hideUsage: usage !== undefined,
  };
}

function translated({ live, provider, model, ownKeys }: Adapting, translation: Translation): Outgoing {
  const headers = headersAcross(live.request.headers);
  headers.push('accept-encoding', 'identity');
  provider.authorize(headers, live.request.headers, ownKeys);
  const endpoint = { dialect: translation.dialect, path: '', model, stream: live.stream };
  const body = provider.shape?.(endpoint, translation.body) ?? translation.body;
  return {
    provider,
    method: 'POST',
    path: provider.endpoint(endpoint),
    headers,
    body: shaped(body),
    hideUsage: false,
  };
}

/** The query of a session names its model, and may name more. */
function session({ live, provider, model, ownKeys }: Adapting): Outgoing {
  const headers = headersUp(live.request.headers, false);
  provider.authorize(headers, live.request.headers, ownKeys);
  const path = provider.endpoint({ dialect: '', path: live.surface.upstreamPath, model: '', stream: true });
  const query = new URLSearchParams(live.query);
  if (model !== '') query.set('model', model);
  const joined = `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
  return { provider, method: 'GET', path: joined, headers, body: undefined, hideUsage: false };
}

/** Where the caller's own call goes. A count has a path of its own in every dialect, and Google's single text too. */
function endpointOf({ dialect, operation, surface, stream }: Live, model: string): Endpoint {
  const { upstreamPath } = surface;
  const path = surface.model === '' ? upstreamPath : upstreamPath.replace('{model}', () => segment(model));
  const asWritten = operation === 'count' || dialect === 'gemini_embeddings';
  return { dialect: asWritten ? '' : dialect, path, model, stream };
}

/** The caller's query goes on, but not where the path names the model: there it says how to answer, or holds a key. */
function withQuery(path: string, { query, surface }: Live): string {
  if (query === '' || surface.model !== '') return path;
  return path.includes('?') ? `${path}&${query.slice(1)}` : path + query;
}

function shaped(body: Fields): Buffer {
  return Buffer.from(JSON.stringify(body));
}

function passthrough(live: Live, provider: Provider, ownKeys: boolean): Outgoing {
  const headers = headersUp(live.request.headers, true);
  if (live.dialect !== '') headers.push('accept-encoding', 'identity');
  provider.authorize(headers, live.request.headers, ownKeys);
  return {
    provider,
    method: live.method,
    path: provider.rootPath + live.surface.upstreamPath + live.query,
    headers,
    body: live.body.length > 0 ? live.body : undefined,
    hideUsage: false,
  };
}

/** Dialects whose streams tell usage only to who asks for it. */
const HIDES_USAGE: ReadonlySet<string> = new Set(['openai_chat', 'openai_completions']);

/** What makes a chat stream end with usage; undefined where the caller asked for it or the provider would refuse. */
function usageEdit({ dialect, stream, json, scan }: Live, provider: Provider): Edit | undefined {
  if (!HIDES_USAGE.has(dialect) || !stream || scan === undefined || provider.quirks.noStreamOptions === true)
    return undefined;
  const options = json?.['stream_options'];
  if (isFields(options) && options['include_usage'] === true) return undefined;
  const text = JSON.stringify({ ...(isFields(options) ? options : {}), include_usage: true });
  const span = scan.found.get('stream_options');
  if (span !== undefined) return { ...span, text };
  return { start: scan.inside, end: scan.inside, text: `"stream_options":${text},` };
}
