// What happens to a span between the receiver and the queue, in order. One more step is a file and a line.

import type { DecodedSpan } from '../receivers/model.ts';
import { capture } from './capture.ts';
import { cardinality } from './cardinality.ts';
import { clock } from './clock.ts';
import { content } from './content.ts';
import { estimate } from './estimate.ts';
import { normalise } from './normalise.ts';
import { price } from './price.ts';
import type { Item, Processor, ProcessorOptions } from './types.ts';

export const PROCESSORS: readonly Processor[] = [
  clock, //       times in bounds, before anything takes them over
  capture, //     bytes that the proxy captured -> conversation
  content, //     content of other senders -> conversation
  estimate, //    tokens, where the provider did not count them
  price, //       cost, where there are tokens and none was sent
  cardinality, // last: guards whatever the others wrote
];

/** @returns what turns a valid decoded span into its rows */
export function createProcessors(options: ProcessorOptions): (span: DecodedSpan) => Item {
  const steps = PROCESSORS.map((processor) => processor.create(options));
  return (span) => {
    const { row, content: hasContent } = normalise(span, options.now(), options.count);
    const item: Item = { span, row, hasContent, io: undefined };
    for (const step of steps) run(step, item, options);
    return item;
  };
}

/** A mistake in one step costs what that step adds, not the span and all that came with it. */
function run(step: (item: Item) => void, item: Item, options: ProcessorOptions): void {
  try {
    step(item);
  } catch {
    options.count('processor_failed');
  }
}
