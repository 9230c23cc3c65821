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
  /** As its users call it, and who sends it; for the page that is made from these tables. */
  readonly title: string;
  readonly senders: string;
  /** Only spans with one of these attributes are read so: for dialects whose names are everyday words. */
  readonly when?: readonly string[];
  /** What fills an attribute of ours, most trusted first. The conventions' own name on the same span always wins. */
  readonly aliases: Readonly<Record<string, readonly (string | Source)[]>>;
  /** Attributes that become tags: all that begin so where it ends in a dot, else a list of labels or an object. */
  readonly tags?: readonly string[];
  /** What went into a step and what came out, each as one value in whatever wrapping; the first that is there. */
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  /** Other attributes that hold prompts or answers. Like the two above they are kept as payload, not as attributes. */
  readonly content?: readonly (string | RegExp)[];
  /** Reads those; undefined when the span has none of them. */
  readonly readContent?: (span: DecodedSpan) => Content | undefined;
  /** Names of span events that are content. */
  readonly events?: ReadonlySet<string>;
  /** Instrumentation scopes whose SERVER span is the call of the model itself, as there is no other span of it. */
  readonly callingServers?: readonly string[];
}

export interface Source {
  readonly from: string;
  /** Where in the JSON of the attribute: `usage.input_tokens`. */
  readonly at?: string;
  /** Null where it says nothing. */
  readonly value?: (value: AttrValue, all: AttrMap) => AttrValue;
}

/** Prompt and answer in the shapes of schemas/call.ts, as JSON values. */
export interface Content {
  readonly system: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly tools: readonly unknown[];
  readonly output: readonly unknown[];
}
