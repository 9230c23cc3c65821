// The neutral call: the hub between the wire formats of the providers (schemas/dialects) and everything that reads
// conversations. The shapes are the message and part schemas of the OpenTelemetry GenAI conventions, so that what the
// store keeps, what the UI shows and what is exported are one thing.

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export type Part =
  | { readonly type: 'text'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | { readonly type: 'refusal'; readonly content: string }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: unknown }
  | {
      readonly type: 'tool_call_response';
      readonly id: string;
      readonly response: unknown;
      readonly is_error?: boolean;
    }
  | { readonly type: 'uri'; readonly modality: Modality; readonly uri: string }
  | { readonly type: 'blob'; readonly modality: Modality; readonly mime_type: string; readonly content: string }
  | { readonly type: 'file'; readonly modality: Modality; readonly file_id: string }
  | { readonly type: 'generic'; readonly generic_type: string; readonly content: unknown };

export type Modality = 'image' | 'audio' | 'video' | 'document';

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly name?: string;
}

export interface OutputMessage extends Message {
  readonly finish_reason: string;
}

export interface ToolDefinition {
  readonly type: string;
  readonly name: string;
  readonly description?: string;
  readonly parameters?: unknown;
}

/** What went in: the conversation so far and the tools on offer. */
export interface CallInput {
  /** Only where the dialect passes instructions apart from the messages. */
  readonly system: readonly Part[];
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
}

/** Token counts in one shape for all providers; `undefined` means the provider did not say. */
export interface Usage {
  /** Total, cached tokens included (Anthropic's own number leaves them out; its reader adds them). */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Total, reasoning included. */
  readonly output: number;
  readonly reasoning: number;
}

/** What came out, read from a whole answer or put together from a stream. */
export interface CallOutput {
  readonly messages: readonly OutputMessage[];
  readonly usage: Usage | undefined;
  readonly model: string;
  readonly id: string;
  /** True once the dialect's own terminal event (or a whole JSON body) was seen. */
  readonly complete: boolean;
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

export const DIALECT_IDS = ['openai_chat', 'openai_responses', 'openai_embeddings', 'anthropic'] as const;
export type DialectId = (typeof DIALECT_IDS)[number];

/** One wire format, read: pure functions over parsed JSON. Readers never throw on odd input; they keep what they know. */
export interface DialectReader {
  readonly id: DialectId;
  readonly operation: 'chat' | 'embeddings';
  /** @param body the request's parsed JSON */
  readInput(body: unknown): CallInput;
  /** @param body the answer's parsed JSON (not streamed) */
  readOutput(body: unknown): CallOutput;
  /** A fresh accumulator for one streamed answer. */
  stream(): StreamReader;
}

export interface StreamReader {
  /** @param event the SSE `event:` name or '' ; @param data the `data:` text, possibly `[DONE]` or broken JSON */
  push(event: string, data: string): void;
  output(): CallOutput;
}
