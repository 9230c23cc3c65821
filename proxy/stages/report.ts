// 11 report: the outermost layer. Whatever happened inside, the client has an answer or is gone, the exchange has an
// outcome, and its one record is written, after the last byte.

import { messageOf } from '../../runtime/log.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { sendError } from '../answer.ts';
import { ClientGone } from '../body.ts';
import { nowUs } from '../clock.ts';
import { outcomeOf } from '../errors.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';

export function report({ recorder, metrics, log }: Services): Layer {
  return async (live, next) => {
    metrics.inflight++;
    try {
      await next(live);
    } catch (error) {
      failed(live, error, (message) => log.error('a request failed inside Signalbox', { error: message }));
    }
    if (live.outcome === '') live.outcome = streamOutcome(live);
    live.endUs = nowUs();
    metrics.inflight--;
    metrics.ended(live);
    recorder.end(live);
  };
}

function failed(live: Live, error: unknown, tell: (message: string) => void): void {
  if (live.unreadable !== undefined) {
    live.outcome = 'refused';
    live.errorType = live.unreadable;
    return;
  }
  if (error instanceof ClientGone || live.cancelled.aborted) {
    live.outcome = 'client_cancelled';
    live.errorType = 'cancelled';
    return;
  }
  const known = error instanceof GatewayError;
  const worded = known ? error : new GatewayError('internal', 'Signalbox could not handle this request.');
  if (!known) tell(messageOf(error));
  live.outcome = outcomeOf(worded);
  live.errorType = live.attempts.at(-1)?.errorType || worded.class;
  sendError(live, worded);
}

/** How an answer that was streamed ended, by what its attempt saw. */
function streamOutcome(live: Live): Live['outcome'] {
  const attempt = live.attempts.at(-1);
  live.errorType = attempt?.errorType ?? '';
  if (attempt === undefined || attempt.errorType === '') return 'ok';
  if (attempt.errorType === 'cancelled') return 'client_cancelled';
  if (attempt.reading.error !== undefined) return 'upstream_error';
  return 'truncated';
}
