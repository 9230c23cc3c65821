// Opens a realtime session: the provider's end first, so that one that declines can still be answered, or another tried.

import { WebSocket } from 'ws';
import { DEFAULT_DEADLINES } from '../../schemas/config.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { nowUs } from '../clock.ts';
import type { Attempt } from '../exchange.ts';
import type { Live, Outgoing } from '../live.ts';
import type { Services } from '../services.ts';
import { dial, RealtimeSession } from './session.ts';

// oxlint-disable-next-line max-params -- one call site, as the relay's
export async function openSession(services: Services, live: Live, attempt: Attempt, outgoing: Outgoing): Promise<void> {
  const { id, origin } = outgoing.provider;
  const { capture } = services.config;
  const captureBytes = capture.content === 'none' ? 0 : capture.max_bytes;
  const options = { live, attempt, outgoing, origin: origin.replace(/^http/, 'ws'), captureBytes };
  if (origin === '') throw new GatewayError('bad_request', `The provider "${id}" has no realtime API.`);
  try {
    const { connect, first_token: first } = live.deadlines ?? DEFAULT_DEADLINES;
    const answer = await dial(options, Math.min(connect + first, MAX_HANDSHAKE_MS));
    if (!(answer instanceof WebSocket)) {
      attempt.httpStatus = answer.status;
      live.held = answer;
    } else if (live.cancelled.aborted) answer.terminate();
    else {
      attempt.httpStatus = 101;
      await new RealtimeSession(options, answer).run();
    }
  } catch (error) {
    attempt.errorType = 'connect';
    attempt.errorMessage = `The provider "${id}" could not be reached.`;
    live.failure = new GatewayError('bad_upstream', attempt.errorMessage, { cause: error });
  } finally {
    attempt.endUs = nowUs();
    live.ownSinceUs = attempt.endUs;
  }
}

const MAX_HANDSHAKE_MS = 60_000;
