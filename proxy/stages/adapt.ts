// 8 adapt: the caller's request as this attempt's provider wants it. Same dialect in and out: the bytes go through
// untouched but for the model's name and, on a chat stream, the wish for usage.

import { isFields } from '../../schemas/dialects/read.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { headersUp } from '../headers.ts';
import { applyEdits, type Edit } from '../json/edit.ts';
import type { Live, Outgoing } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Provider } from '../providers/types.ts';
import type { Services } from '../services.ts';

export function adapt({ providers, keys }: Services): Layer {
  return (live, next) => {
    const target = live.attempts.at(-1)?.target;
    const provider = target === undefined ? undefined : providers.get(target.deployment);
    if (target === undefined || provider === undefined) {
      return Promise.reject(new GatewayError('internal', 'The route leads to a provider that is not configured.'));
    }
    live.outgoing =
      live.operation === 'passthrough'
        ? passthrough(live, provider, !keys.open)
        : sameDialect({ live, provider, model: target.model, ownKeys: !keys.open });
    return next(live);
  };
}

interface Adapting {
  readonly live: Live;
  readonly provider: Provider;
  readonly model: string;
  /** The caller's credential is a key of ours and must not leave. */
  readonly ownKeys: boolean;
}

function sameDialect({ live, provider, model, ownKeys }: Adapting): Outgoing {
  const headers = headersUp(live.request.headers, false);
  // Asked for plain bytes, a provider sends what the meter can read and the client can take as it is.
  headers.push('accept-encoding', 'identity');
  provider.authorize(headers, live.request.headers, ownKeys);
  const edits: Edit[] = [];
  const modelSpan = live.scan?.found.get('model');
  if (model !== live.modelAsked && modelSpan !== undefined) {
    edits.push({ ...modelSpan, text: JSON.stringify(model) });
  }
  const usage = usageEdit(live, provider);
  if (usage !== undefined) edits.push(usage);
  return {
    provider,
    method: live.method,
    path:
      provider.endpoint({ dialect: live.dialect, path: live.surface.upstreamPath, model, stream: live.stream }) +
      live.query,
    headers,
    body: applyEdits(live.body, edits),
    hideUsage: usage !== undefined,
  };
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

/** What makes a chat stream end with usage; undefined where the caller asked for it or the provider would refuse. */
function usageEdit({ dialect, stream, json, scan }: Live, provider: Provider): Edit | undefined {
  if (dialect !== 'openai_chat' || !stream || scan === undefined || provider.quirks.noStreamOptions === true)
    return undefined;
  const options = json?.['stream_options'];
  if (isFields(options) && options['include_usage'] === true) return undefined;
  const text = JSON.stringify({ ...(isFields(options) ? options : {}), include_usage: true });
  const span = scan.found.get('stream_options');
  if (span !== undefined) return { ...span, text };
  return { start: scan.inside, end: scan.inside, text: `"stream_options":${text},` };
}
