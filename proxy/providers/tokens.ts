// Access tokens that a provider's login server gives out for an hour: fetched when first needed, shared by all calls,
// renewed before they end. While a renewal fails the old one serves as long as it is valid.

import { request } from 'undici';
import { fields, text } from '../../schemas/dialects/read.ts';
import { GatewayError } from '../../schemas/errors.ts';

/** Renewed this long before its end. */
const EARLY_MS = 300_000;
const PATIENCE_MS = 10_000;
/** After a failure the login server is left alone for this long, unless there is no token at all. */
const PAUSE_MS = 30_000;
const DEFAULT_LIFE_S = 3_600;

export interface TokenGrant {
  /** Whose token: for error messages. */
  readonly owner: string;
  readonly url: string;
  /** The form to post, made anew for each request. */
  form(): Readonly<Record<string, string>>;
}

interface Token {
  readonly value: string;
  readonly endsMs: number;
}

export class TokenSource {
  readonly #grant: TokenGrant;
  #token: Token | undefined;
  #fetching: Promise<Token> | undefined;
  #notBeforeMs = 0;

  constructor(grant: TokenGrant) {
    this.#grant = grant;
  }

  /** @throws GatewayError bad_upstream where there is none to be had */
  async get(): Promise<string> {
    const now = Date.now();
    const token = this.#token;
    if (token !== undefined && now < token.endsMs - EARLY_MS) return token.value;
    if (token === undefined || now >= token.endsMs) return (await this.#renew()).value;
    // Still valid: who asks now does not wait for the next one.
    if (now >= this.#notBeforeMs) this.#renew().catch(() => undefined);
    return token.value;
  }

  #renew(): Promise<Token> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<Token> {
    try {
      this.#token = await fetchToken(this.#grant);
      return this.#token;
    } catch (error) {
      this.#notBeforeMs = Date.now() + PAUSE_MS;
      throw error;
    }
  }
}

async function fetchToken(grant: TokenGrant): Promise<Token> {
  const asked = Date.now();
  const { status, body } = await post(grant).catch(() => ({ status: 0, body: {} }));
  const said = fields(body);
  const value = text(said['access_token']);
  if (status !== 200 || value === '') {
    const reason = status === 0 ? 'cannot be reached' : `answered ${status} ${text(said['error']).slice(0, 64)}`.trim();
    const words = `The login server of the provider "${grant.owner}" ${reason}: no access token, so no call.`;
    throw new GatewayError('bad_upstream', words);
  }
  const life = typeof said['expires_in'] === 'number' ? said['expires_in'] : DEFAULT_LIFE_S;
  return { value, endsMs: asked + life * 1000 };
}

async function post(grant: TokenGrant): Promise<{ status: number; body: unknown }> {
  const answer = await request(grant.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(grant.form()).toString(),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const body: unknown = await answer.body.json();
  return { status: answer.statusCode, body };
}
