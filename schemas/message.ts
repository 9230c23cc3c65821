// Messages and their parts: the shapes of the OpenTelemetry GenAI conventions, with a few optional fields more where a
// translation would otherwise lose something. What the store keeps, what the UI shows and what is exported are one thing.

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** The conversation up to here is worth keeping in the provider's prompt cache. */
export interface CacheMark {
  readonly ttl: '5m' | '1h';
}

interface Cacheable {
  readonly cache?: CacheMark;
}

/** Where a text comes from. */
export interface Citation {
  readonly url?: string;
  readonly title?: string;
  /** The words it stands on. */
  readonly quote?: string;
  /** Characters of the text that it supports. */
  readonly start?: number;
  readonly end?: number;
}

/** An opaque proof that goes back to whom it came from, and to nobody else. */
export interface Seal {
  /** Whose it is: `anthropic`, `openai`, `gemini`. A writer of another family leaves it out. */
  readonly family: SealFamily;
  readonly value: string;
  /** The name the provider gave the sealed part. */
  readonly id?: string;
}
export type SealFamily = 'anthropic' | 'openai' | 'gemini';

export interface TextPart extends Cacheable {
  readonly type: 'text';
  readonly content: string;
  readonly citations?: readonly Citation[];
  readonly seal?: Seal;
}
export interface ReasoningPart {
  readonly type: 'reasoning';
  /** '' where only the seal may be known (redacted or encrypted reasoning). */
  readonly content: string;
  readonly seal?: Seal;
  /** The content is hidden; the seal alone carries it. */
  readonly redacted?: boolean;
}
export interface RefusalPart {
  readonly type: 'refusal';
  readonly content: string;
}
export interface ToolCallPart extends Cacheable {
  readonly type: 'tool_call';
  readonly id: string;
  readonly name: string;
  /** A value where the text was JSON, else the text. In an `open` event of a stream: undefined, deltas follow. */
  readonly arguments: unknown;
  readonly seal?: Seal;
}
export interface ToolResultPart extends Cacheable {
  readonly type: 'tool_call_response';
  readonly id: string;
  /** Of the tool, where the dialect says it. */
  readonly name?: string;
  /** A text; parts where it is more than text (images); else the JSON value that the tool gave. */
  readonly response: unknown;
  readonly is_error?: boolean;
}
export interface UriPart extends Cacheable {
  readonly type: 'uri';
  readonly modality: Modality;
  readonly uri: string;
  readonly mime_type?: string;
  /** low, high, auto: how closely an image is looked at. */
  readonly detail?: string;
  readonly name?: string;
}
export interface BlobPart extends Cacheable {
  readonly type: 'blob';
  readonly modality: Modality;
  readonly mime_type: string;
  /** base64 */
  readonly content: string;
  readonly detail?: string;
  readonly name?: string;
}
export interface FilePart extends Cacheable {
  readonly type: 'file';
  readonly modality: Modality;
  readonly file_id: string;
  readonly name?: string;
}
/** What has no neutral word. It goes back into its own dialect as it came; another dialect cannot express it. */
export interface GenericPart extends Cacheable {
  readonly type: 'generic';
  readonly generic_type: string;
  readonly content: unknown;
}

export type Part =
  TextPart | ReasoningPart | RefusalPart | ToolCallPart | ToolResultPart | UriPart | BlobPart | FilePart | GenericPart;

export type Modality = 'image' | 'audio' | 'video' | 'document';

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly name?: string;
}

/** Neutral finish reasons: stop, length, tool_call, content_filter, error; others are the provider's own word. */
export interface OutputMessage extends Message {
  readonly finish_reason: string;
  /** The stop sequence that ended it, where the provider says which. */
  readonly stop_sequence?: string;
}

export interface ToolDefinition extends Cacheable {
  /** `function`, or the name of a tool that the provider itself runs (`web_search`, `computer_20250124` ...). */
  readonly type: string;
  readonly name: string;
  readonly description?: string;
  /** JSON Schema */
  readonly parameters?: unknown;
  readonly strict?: boolean;
  /** The whole definition as it came, where `type` is not `function`. */
  readonly raw?: unknown;
}
