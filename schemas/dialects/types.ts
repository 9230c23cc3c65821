// What one dialect can do: read and write requests, whole answers and streamed answers, all by way of the neutral call.
// Hub and spoke: no dialect knows another. Everything here is pure; bytes and sockets are the proxy's business.

import type {
  Call,
  CallEvent,
  CallOutput,
  ChatDialectId,
  DialectReader,
  EmbeddingsCall,
  EmbeddingsDialectId,
  EmbeddingsOutput,
  SettingName,
} from '../call.ts';

/** What a chat dialect is, in both directions. */
export interface ChatDialect extends DialectReader {
  readonly id: ChatDialectId;
  readonly operation: 'chat';
  /**
   * A caller's request in neutral words.
   * @throws Inexpressible where a field is not what the dialect allows
   */
  readCall(request: WireRequest): Call;
  /**
   * A request of this dialect from a neutral call.
   * @throws Inexpressible where leaving something out would change what the caller asked for
   */
  writeCall(call: Call, target: CallTarget): WrittenCall;
  /** A whole answer of this dialect. `output.messages` are its choices. */
  writeOutput(output: CallOutput, asked: Asked): unknown;
  /** Reads the events of one streamed answer. */
  decoder(): EventDecoder;
  /** Writes the events of one streamed answer. */
  encoder(asked: Asked): EventEncoder;
  /** What this dialect calls a setting: the names callers know. */
  readonly names: Readonly<Partial<Record<SettingName, string>>>;
  /** Where the API counts the tokens of a call without running it. */
  readonly counting?: TokenCounting;
}

/** Asking how many tokens a call would cost. */
export interface TokenCounting {
  /** @throws Inexpressible */
  readCall(request: WireRequest): Call;
  /** @throws Inexpressible */
  writeCall(call: Call, target: CallTarget): WrittenCall;
  /** Undefined where the answer holds no count. */
  readAnswer(body: unknown): number | undefined;
  writeAnswer(tokens: number): unknown;
}

export interface EmbeddingsDialect extends DialectReader {
  readonly id: EmbeddingsDialectId;
  readonly operation: 'embeddings';
  /** @throws Inexpressible */
  readEmbeddings(request: WireRequest): EmbeddingsCall;
  /** @throws Inexpressible */
  writeEmbeddings(call: EmbeddingsCall, target: CallTarget): WrittenCall;
  /** Vectors out of an answer, whichever way they are written. */
  readVectors(body: unknown): EmbeddingsOutput;
  writeVectors(output: EmbeddingsOutput, call: EmbeddingsCall): unknown;
}

/** A request as it came: some dialects say model and stream in the path, not in the body. */
export interface WireRequest {
  readonly body: unknown;
  readonly model: string;
  readonly stream: boolean;
}

/** Whom a request is written for. */
export interface CallTarget {
  readonly model: string;
  readonly stream: boolean;
  readonly quirks: Quirks;
}

/** How a server differs from its dialect's maker; rows of data (schemas/hosts.ts). */
export interface Quirks {
  /** Settings it refuses: left out and named when they are harmless. */
  readonly lacks?: readonly SettingName[];
  /** openai_chat: settings that it takes and OpenAI, which refuses what it does not know, does not have. */
  readonly has?: readonly ('topK' | 'minP')[];
  /** openai_chat: the name of the limit; `max_completion_tokens` unless said. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** openai_chat: it refuses `stream_options`. */
  readonly noStreamOptions?: boolean;
  /** It takes `json_object` but no `json_schema`. */
  readonly noJsonSchema?: boolean;
  /** It takes instructions as `system` only. */
  readonly noDeveloperRole?: boolean;
  /** openai_chat: its messages have one text, not a list of parts, wherever texts are all there is. */
  readonly plainContent?: boolean;
  /** openai_chat: ids of tool calls must have nine letters and digits. */
  readonly shortIds?: boolean;
  /** openai_chat: it takes `cache_control` on content parts and tools. */
  readonly cacheControl?: boolean;
  /** openai_chat: where it takes back what the model thought in earlier turns; it is left out unless said. */
  readonly thoughts?: 'reasoning_content' | 'reasoning' | 'reasoning_details';
}

export interface WrittenCall {
  /** JSON value of the body. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Settings (or `extra` names) of the call that this dialect has no word for and whose absence does no harm. */
  readonly dropped: readonly string[];
}

/** What the caller asked, for who writes the answer. */
export interface Asked {
  /** As the caller named it; used where the answer names none. */
  readonly model: string;
  /** Seconds since 1970, for dialects that stamp their answers. */
  readonly created: number;
  /** An id for answers whose provider gave none, without prefix. */
  readonly id: string;
  readonly streamUsage: boolean;
  /** The caller's request, for dialects that echo parts of it. */
  readonly call: Call;
}

/** Frames of a stream in, neutral events out. Never throws; frames that mean nothing give no events. */
export interface EventDecoder {
  /** @param event the SSE or AWS event name, or '' ; @param data the frame's text: JSON, `[DONE]`, or broken */
  push(event: string, data: string): readonly CallEvent[];
}

/** One frame of a stream as it goes out: `encodeFrame` (schemas/framing) makes bytes of it. */
export interface Frame {
  /** SSE `event:` or AWS `:event-type`; '' for none. */
  readonly event: string;
  readonly data: string;
}

/** Neutral events in, frames out. After `end` nothing follows; an `error` is the last frame of a broken stream. */
export interface EventEncoder {
  push(event: CallEvent): readonly Frame[];
}

/** Something of a call that cannot be said in the other dialect, or that is not what its own dialect allows. */
export class Inexpressible extends Error {
  override readonly name = 'Inexpressible';
  /** Of a setting: its neutral name; of a part or tool: its path in the caller's request. */
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
