// 1 identify: the key becomes a caller. From here on the request is on record: the begin record is written before
// anything goes upstream.

import { GatewayError } from '../../schemas/errors.ts';
import { credentialOf } from '../headers.ts';
import { readLabels } from '../labels.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';

export function identify({ keys, recorder }: Services): Layer {
  return (live, next) => {
    if (live.query !== '' && live.dialect.startsWith('gemini')) keyOutOfQuery(live);
    const caller = keys.open ? undefined : keys.find(credentialOf(live.request.headers));
    if (caller !== undefined) {
      live.caller = caller;
      if (!caller.allowed.all) live.allowed = caller.allowed;
    }
    // A request that the process does not survive still says whose it was.
    readLabels(live);
    recorder.begin(live);
    if (caller === undefined && !keys.open) return Promise.reject(unauthorized(live.request.headers));
    return next(live);
  };
}

/** Google's REST callers may show their key as `?key=`: from here on it is a header like the others. */
function keyOutOfQuery({ query, request }: Live): void {
  const key = new URLSearchParams(query).get('key');
  if (key !== null && /^[\x21-\x7e]+$/.test(key)) request.headers['x-goog-api-key'] ??= key;
}

function unauthorized(headers: NodeJS.Dict<string | string[]>): GatewayError {
  const shown = credentialOf(headers) === '' ? 'No key was sent' : 'The key is not known here';
  return new GatewayError(
    'unauthorized',
    `${shown}. Send a Signalbox key as "Authorization: Bearer KEY" or x-api-key.`,
  );
}
