// 9 send: one attempt on the wire.

import { GatewayError } from '../../schemas/errors.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { Relay } from '../stream/relay.ts';

export function send(services: Services): Layer {
  return (live) => {
    const attempt = live.attempts.at(-1);
    const { outgoing } = live;
    if (attempt === undefined || outgoing === undefined) {
      return Promise.reject(new GatewayError('internal', 'Nothing was prepared to be sent.'));
    }
    live.overheadUs += attempt.startUs - live.ownSinceUs;
    return new Relay(services, live, attempt, outgoing).run();
  };
}
