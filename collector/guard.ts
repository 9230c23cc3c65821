// Who may talk to the collector's face. A page on the internet can make a browser talk to loopback: under a foreign
// name (DNS rebinding), or across sites (forged requests). Both are refused on every path, before anything is read.
// With an admin key set, the API, the UI's data and the live socket want it as well.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface GuardOptions {
  /** HOST:PORT of the config. */
  readonly listen: string;
  /** Further Host names that browsers may use. */
  readonly hosts: readonly string[];
  readonly adminKey: string | undefined;
}

export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly detail: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const SESSION_COOKIE = 'signalbox_session';

export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #anyAddress: boolean;
  readonly #key: Buffer | undefined;
  readonly #session: string | undefined;

  constructor(options: GuardOptions) {
    const host = options.listen.slice(0, options.listen.lastIndexOf(':')).toLowerCase();
    this.#hosts = new Set([...LOOPBACK, host, ...options.hosts.map((name) => name.toLowerCase())]);
    // Who listens on every address is reached under addresses that nobody listed; names still have to be.
    this.#anyAddress = host === '0.0.0.0' || host === '[::]';
    this.#key = options.adminKey === undefined ? undefined : digest(options.adminKey);
    this.#session =
      options.adminKey === undefined ? undefined : digest(`signalbox session\n${options.adminKey}`).toString('hex');
  }

  /** Host and origin, for every request of every kind. Who brings the key is no page that tricked a browser. */
  origin(request: IncomingMessage): Refusal | undefined {
    const hosts = request.headersDistinct.host ?? [];
    const host = hosts[0];
    if (hosts.length !== 1 || host === undefined || !HOST.test(host))
      return { status: 400, detail: 'the Host header is missing or malformed' };
    if (!this.#isKnown(host) && !this.#hasBearer(request)) {
      return { status: 403, detail: 'this host name is not known here: add it to collector.hosts in the config' };
    }
    return isForeign(request, host) ? { status: 403, detail: 'requests from other sites are refused' } : undefined;
  }

  /** The admin key, as a bearer token or as the browser's session. */
  authorised(request: IncomingMessage): boolean {
    if (!this.#key || this.#session === undefined) return true;
    if (request.headers.authorization !== undefined) return this.#hasBearer(request);
    const cookies = (request.headers.cookie ?? '').split(/;\s*/);
    const session = cookies.find((cookie) => cookie.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
    return session !== undefined && timingSafeEqual(digest(session), digest(this.#session));
  }

  /**
   * Spans come in without a key from this machine, from elsewhere with it. A request that a reverse proxy passed on is
   * from elsewhere, wherever the proxy runs.
   */
  mayIngest(request: IncomingMessage): boolean {
    const { forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
    const isHere =
      LOCAL.test(request.socket.remoteAddress ?? '') && forwarded === undefined && forwardedFor === undefined;
    return isHere || this.authorised(request);
  }

  #hasBearer(request: IncomingMessage): boolean {
    const bearer = /^Bearer +(.{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    return bearer !== undefined && this.isKey(bearer);
  }

  /** Compares digests, so that neither length nor a common start shows in the time it takes. */
  isKey(key: string): boolean {
    return this.#key !== undefined && timingSafeEqual(digest(key), this.#key);
  }

  get needsKey(): boolean {
    return this.#key !== undefined;
  }

  /** What signs a browser in (value of Set-Cookie). It ends with the key it was made from. */
  sessionCookie(): string {
    return `${SESSION_COOKIE}=${this.#session ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800`;
  }

  #isKnown(host: string): boolean {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (this.#hosts.has(name) || this.#hosts.has(host.toLowerCase())) return true;
    return this.#anyAddress && ADDRESS.test(name);
  }
}

const HOST = /^(?:\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::\d{1,5})?$/;
const LOCAL = /^(?:::ffff:)?127\.|^::1$/;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])$/;

/** True for what a page of another site made a browser send. Following a link to the UI is no such thing. */
function isForeign(request: IncomingMessage, host: string): boolean {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
  if (origin !== undefined && !sameHost(origin, host)) return true;
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return !(request.method === 'GET' && mode === 'navigate');
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
