// What a scenario needs of the world it plays in. There are two: the running proxy (live.ts), and the past, where the
// same scenarios are played in no time on a clock of their own (history.ts).

import type { Incident } from '../incidents.ts';
import type { Random } from '../random.ts';
import type { Feature, ToolSpec } from './features.ts';
import type { DemoSpan } from './spans.ts';

export interface Turn {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly call?: ToolUse;
}

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** Who calls: one person in one session, on one version of the app. */
export interface Caller {
  readonly feature: Feature;
  readonly user: string;
  readonly session: string;
  readonly promptVersion: string;
  readonly appVersion: string;
  readonly region: string;
}

export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

export interface ModelCall {
  readonly caller: Caller;
  readonly model: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolSpec[];
  readonly stream: boolean;
  /** Texts to embed instead of a conversation. */
  readonly embed?: readonly string[];
  readonly parent: SpanRef | undefined;
}

export interface Reply {
  readonly ok: boolean;
  readonly text: string;
  readonly toolCalls: readonly ToolUse[];
}

export interface World {
  /** Milliseconds since 1970. */
  now(): number;
  wait(milliseconds: number): Promise<void>;
  active(): readonly Incident[];
  call(call: ModelCall, random: Random): Promise<Reply>;
  /** A span of the application itself, sent past the proxy. */
  emit(span: DemoSpan): void;
}
