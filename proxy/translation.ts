// One call between two dialects, by way of the neutral call: the caller's request is read once and written for each
// target it is tried at; the provider's answer, whole or streamed, comes back in the caller's words.

import type { Call, CallEvent, CallOutput, DialectId, EmbeddingsCall, Framing } from '../schemas/call.ts';
import { Fold, unfold } from '../schemas/dialects/fold.ts';
import { chatOf, DIALECTS, embeddingsOf } from '../schemas/dialects/index.ts';
import { isFields, parsed, type Fields } from '../schemas/dialects/read.ts';
import {
  Inexpressible,
  type Asked,
  type CallTarget,
  type ChatDialect,
  type EmbeddingsDialect,
  type EventDecoder,
  type Frame,
  type TokenCounting,
  type WrittenCall,
} from '../schemas/dialects/types.ts';
import { GatewayError } from '../schemas/errors.ts';
import { FRAMINGS } from '../schemas/framing/index.ts';
import { classOfStatus, errorBody, familyHeaders, statusOf, type ErrorWords } from './errors.ts';
import { one } from './headers.ts';
import type { Held, Live } from './live.ts';
import type { Provider } from './providers/types.ts';
import { asArray, framingFor, type FrameWriter } from './stream/frames.ts';

/** One attempt's translation. */
export interface Translation {
  /** What is spoken with the provider. */
  readonly dialect: DialectId;
  /** The request as it is sent. */
  readonly body: Fields;
  /** What the caller asked for and this provider has no word for, under the caller's names. */
  readonly dropped: readonly string[];
  /** A whole good answer in the caller's dialect. */
  answer(held: Held): Held;
  /** For a streamed answer; undefined where there are none. */
  stream(): StreamTranslation | undefined;
}

/** Reads the provider's stream and writes the caller's. */
export interface StreamTranslation {
  /** Of the provider's bytes. */
  readonly framing: Framing;
  readonly decoder: EventDecoder;
  /** @param events what the decoder made of `frame` */
  encode(events: readonly CallEvent[], frame: Frame): readonly Frame[];
  /** What is said when the provider breaks off. */
  broken(words: ErrorWords): readonly Frame[];
  readonly frames: FrameWriter;
}

/**
 * What is spoken with a provider about one of its models: the caller's dialect, else the preferred one of its own;
 * undefined: there is none.
 */
export function spokenWith(dialect: DialectId | '', provider: Provider, model: string): DialectId | '' | undefined {
  const dialects = provider.dialectsFor?.(model) ?? provider.dialects;
  if (dialect === '' || dialects.has(dialect)) return dialect;
  const of = chatOf(dialect) === undefined ? embeddingsOf(dialect) && embeddingsOf : chatOf;
  return of && [...dialects].find((each) => of(each) !== undefined);
}

/** @throws GatewayError bad_request where the request cannot be said in the provider's dialect */
export function translationOf(live: Live, dialect: DialectId, target: CallTarget): Translation {
  const chats = [chatOf(live.dialect), chatOf(dialect)] as const;
  const vectors = [embeddingsOf(live.dialect), embeddingsOf(dialect)] as const;
  try {
    if (chats[0] !== undefined && chats[1] !== undefined)
      return new ChatTranslation(live, [chats[0], chats[1]], target);
    if (vectors[0] !== undefined && vectors[1] !== undefined)
      return new EmbeddingsTranslation(live, [vectors[0], vectors[1]], target);
  } catch (error) {
    if (error instanceof Inexpressible) throw inexpressible(live, error);
    throw error;
  }
  throw new GatewayError('internal', `There is no translation from ${live.dialect} to ${dialect}.`);
}

/** How an attempt's stream is rewritten on its way; undefined where its bytes pass as they are. */
export function streamTranslationOf(live: Live): StreamTranslation | undefined {
  if (live.translation !== undefined) return live.translation.stream();
  return live.operation === 'chat' && asArray(live) ? reframed(live) : undefined;
}

/** The same frames in another framing: providers are always asked for server-sent events. */
function reframed(live: Live): StreamTranslation {
  const decoder = chatOf(live.dialect)?.decoder() ?? { push: () => [] };
  const broken = (words: ErrorWords) => [{ event: '', data: errorBody(live.dialect, words) }];
  return { framing: 'sse', decoder, encode: (_events, frame) => [frame], broken, frames: framingFor(live) };
}

/** The caller's request in neutral words, read once. */
export function callOf(live: Live, dialect: ChatDialect | undefined = chatOf(live.dialect)): Call {
  if (dialect === undefined) throw new GatewayError('internal', `There is no way to read ${live.dialect}.`);
  live.call ??= dialect.readCall({ body: wholeBody(live), model: live.modelAsked, stream: live.stream });
  return live.call;
}

/** How a dialect asks for a count of tokens; undefined where it has no such thing. */
export function countingOf(dialect: DialectId | ''): TokenCounting | undefined {
  return chatOf(dialect)?.counting;
}

/** @throws GatewayError bad_request */
export function readCount(live: Live, counting: TokenCounting): Call {
  try {
    return counting.readCall({ body: wholeBody(live), model: live.modelAsked, stream: false });
  } catch (error) {
    throw error instanceof Inexpressible ? inexpressible(live, error) : error;
  }
}

/** Large bodies were only looked into so far (proxy/parse.ts). */
function wholeBody({ body }: Live): unknown {
  return parsed(body.toString());
}

function inexpressible({ dialect }: Live, error: Inexpressible): GatewayError {
  return new GatewayError('bad_request', error.message, { param: nameIn(dialect, error.field) });
}

/** A setting under the name that callers of a dialect know; everything else is a path or a name of theirs already. */
function nameIn(dialect: DialectId | '', field: string): string {
  const names: Readonly<Partial<Record<string, string>>> = chatOf(dialect)?.names ?? {};
  const [setting = '', ...rest] = field.split('.');
  const name = Object.hasOwn(names, setting) ? names[setting] : undefined;
  return [name ?? setting, ...rest].join('.');
}

type Pair<T> = readonly [caller: T, provider: T];

class ChatTranslation implements Translation {
  readonly dialect: DialectId;
  readonly body: Fields;
  readonly dropped: readonly string[];
  readonly #live: Live;
  readonly #pair: Pair<ChatDialect>;
  readonly #call: Call;

  constructor(live: Live, pair: Pair<ChatDialect>, target: CallTarget) {
    const [caller, provider] = pair;
    this.#live = live;
    this.#pair = pair;
    this.#call = callOf(live, caller);
    const written = provider.writeCall(this.#call, target);
    this.dialect = provider.id;
    this.body = written.body;
    this.dropped = droppedOf(live, written);
  }

  answer(held: Held): Held {
    const output = this.#read(held);
    if (output.error !== undefined) {
      return errorAnswer(this.#live, output.error.status ?? 502, output.error.message);
    }
    if (this.#live.stream) return this.#unfolded(output);
    return jsonAnswer(200, this.#pair[0].writeOutput(output, this.#asked()));
  }

  stream(): StreamTranslation {
    const [caller, provider] = this.#pair;
    const encoder = caller.encoder(this.#asked());
    return {
      framing: provider.framing,
      decoder: provider.decoder(),
      encode: (events) => events.flatMap((event) => encoder.push(event)),
      // The encoder knows what it has begun, and what of it must be closed.
      broken: ({ class: type, message }) => encoder.push({ type: 'error', error: { type, message } }),
      frames: framingFor(this.#live),
    };
  }

  /** A whole answer, or a stream that nobody asked for, which was kept until its end. */
  #read({ headers, body }: Held): CallOutput {
    const provider = this.#pair[1];
    if (!isStreamOf(provider.id, one(headers['content-type']))) return provider.readOutput(parsed(body.toString()));
    const fold = new Fold();
    const decoder = provider.decoder();
    const reader = FRAMINGS[provider.framing].read((event, data) => {
      for (const each of decoder.push(event, data)) fold.push(each);
    });
    reader.push(body);
    reader.end();
    return fold.output();
  }

  /** A stream for a caller who asked for one, of an answer that came whole. */
  #unfolded(output: CallOutput): Held {
    const { encode, frames } = this.stream();
    const bytes = encode([...unfold(output)], { event: '', data: '' }).map((frame) => frames.write(frame));
    return { status: 200, headers: frames.headers, body: Buffer.concat([...bytes, frames.end()]) };
  }

  #asked(): Asked {
    const { modelAsked, startUs, requestId } = this.#live;
    const { streamUsage } = this.#call;
    const id = requestId.slice(requestId.indexOf('_') + 1);
    return { model: modelAsked, created: Math.floor(startUs / 1e6), id, streamUsage, call: this.#call };
  }
}

class EmbeddingsTranslation implements Translation {
  readonly dialect: DialectId;
  readonly body: Fields;
  readonly dropped: readonly string[];
  readonly #pair: Pair<EmbeddingsDialect>;
  readonly #call: EmbeddingsCall;

  constructor(live: Live, pair: Pair<EmbeddingsDialect>, target: CallTarget) {
    const [caller, provider] = pair;
    this.#pair = pair;
    live.vectors ??= caller.readEmbeddings({ body: wholeBody(live), model: live.modelAsked, stream: false });
    this.#call = live.vectors;
    const written = provider.writeEmbeddings(this.#call, target);
    this.dialect = provider.id;
    this.body = written.body;
    this.dropped = droppedOf(live, written);
  }

  answer({ body }: Held): Held {
    const [caller, provider] = this.#pair;
    return jsonAnswer(200, caller.writeVectors(provider.readVectors(parsed(body.toString())), this.#call));
  }

  stream(): undefined {
    return undefined;
  }
}

function droppedOf({ dialect }: Live, { dropped }: WrittenCall): string[] {
  return [...new Set(dropped.map((name) => nameIn(dialect, name)))];
}

/** True for the content type of a dialect's streams. */
export function isStreamOf(dialect: DialectId | '', contentType: string): boolean {
  return contentType.startsWith(FRAMINGS[dialect === '' ? 'sse' : DIALECTS[dialect].framing].contentType);
}

const KEPT = ['retry-after', 'retry-after-ms', 'x-should-retry'] as const;

/** A provider's error for a caller of another dialect: its status and words, in the caller's shape. */
export function translatedError(live: Live, dialect: DialectId, held: Held): Held {
  const json = parsed(held.body.toString());
  const said = DIALECTS[dialect].readOutput(json).error?.message ?? '';
  const name = `The provider "${live.attempts.at(-1)?.target.deployment ?? ''}"`;
  const answer = errorAnswer(live, held.status, said || messageIn(json) || `${name} answered ${held.status}.`);
  const kept = KEPT.flatMap((header) => (held.headers[header] === undefined ? [] : [[header, held.headers[header]]]));
  return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(kept) } };
}

function messageIn(json: unknown): string {
  const message = isFields(json) ? (json['message'] ?? json['error'] ?? json['detail']) : undefined;
  return typeof message === 'string' ? message : '';
}

function errorAnswer({ dialect, requestId }: Live, status: number, message: string): Held {
  const errorClass = classOfStatus(status);
  const body = Buffer.from(errorBody(dialect, { class: errorClass, message, requestId }));
  const [name, value] = familyHeaders(errorClass, dialect);
  const headers = { 'content-type': 'application/json', ...(name === undefined ? {} : { [name]: value }) };
  // Each dialect has its own way to say that a provider is overloaded; other statuses mean the same to all.
  const own = errorClass === 'overload' || status === 424 || status === 408 || status < 400;
  return { status: own ? statusOf(errorClass, dialect) : status, headers, body };
}

function jsonAnswer(status: number, value: unknown): Held {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}
