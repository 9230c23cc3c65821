// 8 translate: which dialect is spoken with this attempt's provider, and, where it is not the caller's, the call in that
// dialect. The way back is a stream's (stream/translated.ts) or, for a whole answer, the verdict's (verdict.ts): only the
// answer that the client gets is worth translating.

import { carriesSeals } from '../../schemas/dialects/seals.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { nowUs } from '../clock.ts';
import type { Attempt } from '../exchange.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Provider } from '../providers/types.ts';
import type { Services } from '../services.ts';
import { spokenWith, translationOf } from '../translation.ts';

/** Of an attempt whose provider cannot be told what the caller wants: the next target may. */
export const INEXPRESSIBLE = 'inexpressible';

export function translate({ providers }: Services): Layer {
  return (live, next) => {
    const attempt = live.attempts.at(-1);
    const provider = attempt && providers.get(attempt.target.deployment);
    live.translation = undefined;
    if (attempt === undefined || provider === undefined || live.operation === 'passthrough') return next(live);
    const spoken = spokenWith(live.dialect, provider, attempt.target.model);
    if (spoken === live.dialect && !rewritten(live, attempt)) return next(live);
    return translated({ live, attempt, provider, spoken }) ? next(live) : Promise.resolve();
  };
}

/** Dialects whose clients carry thoughts that another provider sealed. */
const SEALED: ReadonlySet<string> = new Set(['anthropic', 'gemini', 'bedrock']);

/**
 * Calls that are written anew in their own dialect: seals of others are left out, Google's texts each name their model,
 * Ollama has an older form.
 */
function rewritten({ dialect, modelAsked, path, body }: Live, { target }: Attempt): boolean {
  if (SEALED.has(dialect)) return carriesSeals(body);
  return path === '/api/embeddings' || (dialect === 'gemini_embeddings' && target.model !== modelAsked);
}

interface Translating {
  readonly live: Live;
  readonly attempt: Attempt;
  readonly provider: Provider;
  readonly spoken: ReturnType<typeof spokenWith>;
}

/** Writes the call; false where it cannot be said to this provider. */
function translated({ live, attempt, provider, spoken }: Translating): boolean {
  try {
    if (spoken === undefined || spoken === '')
      throw new GatewayError('internal', 'This provider speaks nothing known.');
    const target = { model: attempt.target.model, stream: live.stream, quirks: provider.quirks };
    live.translation = translationOf(live, spoken, target);
    attempt.dialect = spoken;
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    attempt.errorType = INEXPRESSIBLE;
    attempt.errorMessage = error.message;
    attempt.endUs = nowUs();
    live.failure = error;
    return false;
  }
}
