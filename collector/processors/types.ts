// What a processor is: one step from a decoded span to the rows that are kept. A step is a file, its place is the line
// in index.ts. A step never throws and never rejects a span; what it must leave out, it counts.

import type { PriceOverrides } from '../../schemas/price.ts';
import type { IoRow, SpanRow } from '../../schemas/span.ts';
import type { AttrMap, AttrValue, DecodedSpan } from '../receivers/model.ts';

/** A span on its way. */
export interface Item {
  readonly span: DecodedSpan;
  readonly row: SpanRow;
  /** False where no attribute and no event holds prompts or answers. */
  readonly hasContent: boolean;
  /** The payload row, once somebody found content. */
  io: IoRow | undefined;
}

export interface ProcessorOptions {
  readonly prices: PriceOverrides;
  /** Counts what was left out, by reason. */
  readonly count: (reason: DropReason, amount?: number) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Processor {
  readonly id: string;
  readonly summary: string;
  /** @returns the step itself, with whatever memory it needs */
  readonly create: (options: ProcessorOptions) => (item: Item) => void;
}

/** Parts of spans that are cut or replaced so that one sender cannot break the store; never whole spans. */
export const DROP_REASONS = [
  'attribute_count',
  'attribute_length',
  'cardinality',
  'event_count',
  'link_count',
  /** A step threw, which it must not: the span went on without it. */
  'processor_failed',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** One client's way of naming what the GenAI conventions name, as data. The registry is dialects/index.ts. */
export interface AttributeDialect {
  readonly id: string;
  /** Older or other names, most trusted first. The conventions' own name on the same span always wins. */
  readonly aliases: readonly Alias[];
  /** Attributes that hold prompts or answers, by name or start of name: kept as payload and not as attributes. */
  readonly content: readonly (string | RegExp)[];
  /** Reads prompts and answers; undefined when the span has none in this dialect. */
  readonly readContent: (span: DecodedSpan) => Content | undefined;
  /** Names of span events that are content. */
  readonly events: ReadonlySet<string>;
}

export interface Alias {
  readonly from: string;
  readonly to: string;
  readonly value?: (value: AttrValue, all: AttrMap) => AttrValue;
}

/** Prompt and answer in the shapes of schemas/call.ts, as JSON values. */
export interface Content {
  readonly system: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly tools: readonly unknown[];
  readonly output: readonly unknown[];
}
