// Which headers cross the proxy. Towards a provider a short list of names that mean something there (passthrough: all
// but those that are the connection's or ours); towards the client all but those of the other connection.

import type { IncomingHttpHeaders } from 'node:http';
import { keyOfProtocols } from './realtime/protocols.ts';

const ALLOWED_UP: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'user-agent',
  'anthropic-version',
  'anthropic-beta',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'idempotency-key',
  'http-referer',
  'x-title',
]);

const CREDENTIALS = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'] as const;

/** Of one connection, not of the request or answer on it. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/** Never forwarded upstream, whatever the path. */
const DENIED_UP: ReadonlySet<string> = new Set([
  ...CREDENTIALS,
  ...HOP_BY_HOP,
  'host',
  'proxy-authorization',
  'expect',
  'content-length',
  'cookie',
  'forwarded',
  'via',
  'traceparent',
  'tracestate',
  'baggage',
]);

/** Never forwarded to the client: the upstream connection's own, and cookies of a host the client does not talk to. */
const DENIED_DOWN: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'date',
  'server',
  'content-length',
  'x-request-id',
]);

/** What of a call's headers means the same to every provider. */
const NEUTRAL = ['user-agent', 'idempotency-key', 'http-referer', 'x-title'] as const;

/** The caller's headers for a provider that speaks another dialect. */
export function headersAcross(headers: IncomingHttpHeaders): string[] {
  const out = ['content-type', 'application/json'];
  for (const name of NEUTRAL) {
    const value = one(headers[name]);
    if (value !== '') out.push(name, value);
  }
  return out;
}

/** The caller's headers for a provider, as name, value, name, value. */
export function headersUp(headers: IncomingHttpHeaders, everything: boolean): string[] {
  const connection = everything ? named(one(headers.connection)) : undefined;
  const out: string[] = [];
  for (const name in headers) {
    if (everything ? isDenied(name, connection) : !ALLOWED_UP.has(name)) continue;
    const value = headers[name];
    if (typeof value === 'string') out.push(name, value);
    else if (value !== undefined) out.push(name, value.join(', '));
  }
  return out;
}

function isDenied(name: string, connection: ReadonlySet<string> | undefined): boolean {
  if (DENIED_UP.has(name) || connection?.has(name) === true) return true;
  return name.startsWith('x-signalbox-') || name.startsWith('x-forwarded-') || name.startsWith(':');
}

/** Names that a Connection header makes hop-by-hop. */
function named(connection: string): ReadonlySet<string> | undefined {
  if (connection === '' || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}

/** Appends an upstream's headers for the client to `out`. */
export function headersDown(headers: IncomingHttpHeaders, out: string[]): void {
  const hop = headers.connection === undefined ? undefined : named(one(headers.connection));
  for (const name in headers) {
    if (DENIED_DOWN.has(name) || name.startsWith('x-signalbox-') || hop?.has(name) === true) continue;
    const value = headers[name];
    if (typeof value === 'string') out.push(name, value);
    else if (value !== undefined) for (const each of value) out.push(name, each);
  }
}

/** An AWS client that signs shows its access key's id; as our key it is worth what a bearer token is. */
const SIGNED = /^AWS4-HMAC-SHA256 Credential=([^/\s]+)\//;

/** What the caller showed as its key, '' when nothing. */
export function credentialOf(headers: IncomingHttpHeaders): string {
  if (headers['sec-websocket-protocol'] !== undefined) return keyOfProtocols(headers) || inHeaders(headers);
  return inHeaders(headers);
}

function inHeaders(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  if (authorization !== undefined) {
    if (authorization.length > 7 && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
    return SIGNED.exec(authorization)?.[1] ?? authorization;
  }
  return one(headers['x-api-key']) || one(headers['x-goog-api-key']) || one(headers['api-key']);
}

/** A header's value, the first of several, or ''. */
export function one(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}

const UNSAFE = /[^\x20-\x7e]/u;
const ALL_UNSAFE = /[^\x20-\x7e]/gu;

/** Text for a header's value: what is not printable ASCII is percent-encoded, so that no name out of a body breaks a head. */
export function headerText(text: string): string {
  return UNSAFE.test(text) ? text.toWellFormed().replace(ALL_UNSAFE, encodeURIComponent) : text;
}
