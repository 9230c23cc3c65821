// The neutral call: the hub between the wire formats of the providers (schemas/dialects) and everything that reads
// conversations, in words that belong to no provider.

import type { Message, OutputMessage, Part, Seal, Citation, ToolDefinition } from './message.ts';

export type * from './message.ts';

/** What went in: the conversation so far and the tools on offer. */
export interface CallInput {
  /** Only where the dialect passes instructions apart from the messages. */
  readonly system: readonly Part[];
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly schema: unknown;
      readonly name?: string;
      readonly description?: string;
      readonly strict?: boolean;
    };
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
export interface Thinking {
  readonly effort?: Effort;
  /** Tokens it may think for; -1: as many as it likes. */
  readonly budget?: number;
  /** Whether thoughts (or a summary of them) are shown; undefined: as the provider likes. */
  readonly show?: boolean;
}

/** How the model is to answer. Absent: the provider's own default. */
export interface Settings {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly logitBias?: Readonly<Record<string, number>>;
  readonly logprobs?: boolean;
  readonly topLogprobs?: number;
  /** Answers to give beside each other. */
  readonly n?: number;
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly format?: OutputFormat;
  readonly thinking?: Thinking;
  readonly verbosity?: string;
  readonly serviceTier?: string;
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly store?: boolean;
  readonly promptCacheKey?: string;
  /** Gemini's safetySettings, as they come. */
  readonly safety?: unknown;
}
export type SettingName = keyof Settings;

/** A whole request in neutral words. */
export interface Call extends CallInput {
  readonly model: string;
  readonly stream: boolean;
  /** The caller wants usage in the stream, where its dialect leaves the choice. */
  readonly streamUsage: boolean;
  readonly settings: Settings;
  /** Top-level fields of the request that have no neutral word, as they came: for the same dialect only. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Where in the caller's request a part or tool stands (`messages.2.content.0`), for messages about it. */
  readonly paths: WeakMap<object, string>;
}

/** Token counts in one shape for all providers; a provider that does not say is `undefined` as a whole. */
export interface Usage {
  /** Total, cached tokens included (Anthropic's own number leaves them out; its reader adds them). */
  readonly input: number;
  readonly cacheRead: number;
  /** All writes, those of an hour included. */
  readonly cacheWrite: number;
  /** Total, reasoning included. */
  readonly output: number;
  readonly reasoning: number;
  /** What is billed at a rate of its own, where the provider says it. */
  readonly units?: UsageUnits;
  /** USD, where the provider says itself what it charged. */
  readonly cost?: number;
  /** The service tier, where it stands beside the counts. */
  readonly tier?: string;
  /** Where the call ran, where that changes the price. */
  readonly region?: string;
}

/** Each token count here is a part of `input`, `cacheRead`, `cacheWrite` or `output`; the others are counts of their own. */
export interface UsageUnits {
  /** Of cacheWrite: kept for an hour. */
  readonly cacheWrite1h?: number;
  readonly audioInput?: number;
  /** Of audioInput and cacheRead. */
  readonly audioCacheRead?: number;
  readonly audioOutput?: number;
  readonly imageInput?: number;
  readonly imageOutput?: number;
  /** Prompt tokens that hosted tools added. */
  readonly toolInput?: number;
  /** Searches that the provider ran. */
  readonly searches?: number;
  /** Images made. */
  readonly images?: number;
  /** Audio in seconds, where that is what is billed. */
  readonly seconds?: number;
  /** Characters spoken or read, where that is what is billed. */
  readonly characters?: number;
}

export interface CallError {
  readonly type: string;
  readonly message: string;
  /** HTTP status that the provider meant, where the body says one. */
  readonly status?: number;
}

/** What came out, read from a whole answer or put together from a stream. */
export interface CallOutput {
  readonly messages: readonly OutputMessage[];
  readonly usage: Usage | undefined;
  readonly model: string;
  readonly id: string;
  /** The tier that the provider says it served, '' or absent where it does not. */
  readonly serviceTier?: string;
  /** True once the dialect's own terminal event (or a whole JSON body) was seen. */
  readonly complete: boolean;
  readonly error: CallError | undefined;
}

/**
 * One step of a streamed answer. Parts are numbered from 0 within a choice, in the order in which they open; deltas come
 * between `open` and `close` of their part. `finish` once a choice; `usage` any time, the last one counts; `end` only for
 * the dialect's own terminal event, never for the end of the bytes.
 */
export type CallEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  /** `part` is the part as far as it is known: empty content, no arguments. */
  | { readonly type: 'open'; readonly choice: number; readonly index: number; readonly part: Part }
  /** More of a text, of a thought, of a refusal, or of a tool call's arguments (JSON text). */
  | { readonly type: 'delta'; readonly choice: number; readonly index: number; readonly text: string }
  /** A fact about an open part that came later than its beginning. */
  | {
      readonly type: 'mark';
      readonly choice: number;
      readonly index: number;
      readonly seal?: Seal;
      readonly citation?: Citation;
    }
  | { readonly type: 'close'; readonly choice: number; readonly index: number }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: string; readonly stopSequence?: string }
  | { readonly type: 'usage'; readonly usage: Usage; readonly serviceTier?: string }
  | { readonly type: 'error'; readonly error: CallError }
  | { readonly type: 'end' };

/** A request for vectors in neutral words. */
export interface EmbeddingsCall {
  readonly model: string;
  /** Texts, or texts as token numbers. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  /** The caller's dialect wants base64 of little-endian floats instead of lists. */
  readonly base64: boolean;
  /** retrieval_query, retrieval_document, similarity, classification, clustering: what the vectors are for. */
  readonly task?: string;
  readonly user?: string;
  /** One text was asked for as such, not a list of one: some dialects answer it in another shape. */
  readonly single: boolean;
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface EmbeddingsOutput {
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage | undefined;
  readonly model: string;
  readonly id: string;
}

export const CHAT_DIALECTS = [
  'openai_chat',
  'openai_responses',
  'openai_completions',
  'anthropic',
  'gemini',
  'bedrock',
  'bedrock_invoke',
  'ollama_chat',
  'ollama_generate',
  'cohere',
] as const;
export type ChatDialectId = (typeof CHAT_DIALECTS)[number];

export const EMBEDDINGS_DIALECTS = [
  'openai_embeddings',
  'gemini_embeddings',
  'vertex_embeddings',
  'ollama_embeddings',
  'cohere_embeddings',
] as const;
export type EmbeddingsDialectId = (typeof EMBEDDINGS_DIALECTS)[number];

export const DIALECT_IDS = [...CHAT_DIALECTS, ...EMBEDDINGS_DIALECTS] as const;
export type DialectId = (typeof DIALECT_IDS)[number];

/** One wire format, read: pure functions over parsed JSON. Readers never throw on odd input; they keep what they know. */
export interface DialectReader {
  readonly id: DialectId;
  readonly operation: 'chat' | 'embeddings';
  /** @param body the request's parsed JSON */
  readInput(body: unknown): CallInput;
  /** @param body the answer's parsed JSON (not streamed) */
  readOutput(body: unknown): CallOutput;
  /** The `usage` object of an answer or an event alone, for who counts without reading the rest. */
  readUsage(usage: unknown): Usage | undefined;
  /** How its streams are cut into events. */
  readonly framing: Framing;
  /** A fresh accumulator for one streamed answer. */
  stream(): StreamReader;
}

/** `sse`: server-sent events; `lines`: one JSON object a line; `aws`: AWS's binary event stream. */
export type Framing = 'sse' | 'lines' | 'aws';

export interface StreamReader {
  /** @param event the SSE `event:` name or '' ; @param data the `data:` text, possibly `[DONE]` or broken JSON */
  push(event: string, data: string): void;
  output(): CallOutput;
}
