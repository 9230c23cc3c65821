// Browsers cannot set headers on a WebSocket: OpenAI's clients put the key among the subprotocols instead. It is taken
// from there for us, and never goes on.

import type { IncomingHttpHeaders } from 'node:http';

const KEY = 'openai-insecure-api-key.';

function offered(headers: IncomingHttpHeaders): string[] {
  const text = headers['sec-websocket-protocol'] ?? '';
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** The key that a browser sent, or ''. */
export function keyOfProtocols(headers: IncomingHttpHeaders): string {
  return (
    offered(headers)
      .find((each) => each.startsWith(KEY))
      ?.slice(KEY.length) ?? ''
  );
}

/** What the provider is offered: all but the key. */
export function upstreamProtocols(headers: IncomingHttpHeaders): string[] {
  return offered(headers).filter((each) => !each.startsWith(KEY));
}
