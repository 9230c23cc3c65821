// 9 send: one attempt on the wire.

import { GatewayError } from '../../schemas/errors.ts';
import type { Attempt } from '../exchange.ts';
import type { Held, Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { openSession } from '../realtime/open.ts';
import { Relay } from '../stream/relay.ts';
import { encodingOf, unpackWhole, withoutEncoding } from '../stream/unpack.ts';

/** What a kept answer may unpack to. */
const MAX_UNPACKED = 64 * 1024 * 1024;

export function send(services: Services): Layer {
  return (live) => {
    const attempt = live.attempts.at(-1);
    const { outgoing } = live;
    if (attempt === undefined || outgoing === undefined) {
      return Promise.reject(new GatewayError('internal', 'Nothing was prepared to be sent.'));
    }
    live.overheadUs += attempt.startUs - live.ownSinceUs;
    if (live.upgrade !== undefined) return openSession(services, live, attempt, outgoing);
    const sent = new Relay(services, live, attempt, outgoing).run();
    return sent.then(() => {
      const { held } = live;
      if (held === undefined || held.headers['content-encoding'] === undefined) return;
      return unpack(live, attempt, held);
    });
  };
}

/** Plain bytes were asked for; who sends packed ones is unpacked. In a passthrough the client asked, and gets them. */
async function unpack(live: Live, attempt: Attempt, held: Held): Promise<void> {
  const encoding = encodingOf(held.headers);
  if (live.dialect === '' || encoding === '') return;
  try {
    const body = await unpackWhole(encoding, held.body, MAX_UNPACKED);
    live.held = { ...held, headers: withoutEncoding(held.headers), body };
    attempt.responseBody = [body];
    attempt.responseSize = body.length;
  } catch {
    live.held = undefined;
    attempt.errorType = 'protocol';
    attempt.errorMessage = `The provider "${attempt.target.deployment}" gave an answer that cannot be unpacked.`;
    live.failure = new GatewayError('bad_upstream', attempt.errorMessage);
  }
}
