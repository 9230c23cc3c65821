// What the data path needs of a provider, whatever it is behind it.

import type { IncomingHttpHeaders } from 'node:http';
import type { DialectId } from '../../schemas/call.ts';
import type { ProviderConfig, ProviderType } from '../../schemas/config.ts';
import type { Fields } from '../../schemas/dialects/read.ts';
import type { Quirks } from '../../schemas/dialects/types.ts';

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
  readonly body: Buffer | undefined;
}

export interface UpstreamController {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Told what comes back, in undici's order. `onResponseStart` comes once more for every 1xx before the answer. */
export interface UpstreamHandler {
  onRequestStart(controller: UpstreamController): void;
  onResponseStart(controller: UpstreamController, status: number, headers: IncomingHttpHeaders): void;
  onResponseData(controller: UpstreamController, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: UpstreamController, error: Error): void;
}

/** A place that answers requests: a pool of connections, or code of our own. */
export interface Upstream {
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): void;
  close(): Promise<void>;
}

/** Which of a provider's addresses a call is for. */
export interface Endpoint {
  /** Of the request as it is sent; '' for a path of no dialect. */
  readonly dialect: DialectId | '';
  /** As the caller wrote it, below its API's version: `/images/generations`. Used where `dialect` says nothing. */
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
}

export interface Provider {
  /** Its name in the config: the deployment. */
  readonly id: string;
  /** gen_ai.provider.name */
  readonly system: string;
  /** Scheme, host and port; '' where nothing is reached. */
  readonly origin: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  /** What it speaks by itself, the preferred first. */
  readonly dialects: ReadonlySet<DialectId>;
  /** What it speaks for this model, where that is something else. */
  dialectsFor?(model: string): ReadonlySet<DialectId> | undefined;
  /** Names that a bare `model` may use. */
  readonly models: ReadonlySet<string>;
  /** A bare name that this provider is known to serve although nobody listed it. */
  knows(model: string): boolean;
  /** The dialects in which it counts the tokens of a call without running it. */
  readonly counts?: ReadonlySet<DialectId>;
  /** How it differs from the maker of its dialect. */
  readonly quirks: Quirks;
  /** The path and query of a call. */
  endpoint(endpoint: Endpoint): string;
  /** Before a passthrough path: the base without its version. */
  readonly rootPath: string;
  /**
   * Appends what authorises a request: the provider's key, or what the caller itself sent when there is none and
   * `ownKeys` says that the caller's credential is not a key of ours.
   */
  authorize(out: string[], caller: IncomingHttpHeaders, ownKeys: boolean): void;
  /**
   * For proofs that take time or depend on the whole request: appends them to its headers.
   * @throws GatewayError bad_upstream where no proof could be had
   */
  sign?(request: UpstreamRequest): Promise<void>;
  /** For a provider that wants a body of this dialect to be a little different. */
  shape?(endpoint: Endpoint, body: Fields): Fields;
  /** Of a provider with several keys. */
  readonly keys?: KeyRing;
  readonly upstream: Upstream;
}

/** The same provider once for each of its keys. */
export interface KeyRing {
  /** With the key that is to be used now. */
  pick(now: number): Provider;
  /** One of the keys was refused or throttled: another is used until then, while one is left. */
  rest(provider: Provider, untilUs: number): void;
}

export interface ProviderOptions {
  readonly id: string;
  readonly config: ProviderConfig;
}

/** A kind of provider: one constant a file, named only by the registry. */
export interface ProviderKind {
  readonly summary: string;
  create(options: ProviderOptions): Provider;
}

export type ProviderRegistry = Readonly<Record<ProviderType, ProviderKind>>;
