// Prompts and answers of other senders, which write them as attributes or events, in the dialects of dialects/.

import { ATTR } from '../../schemas/attributes.ts';
import { ATTRIBUTE_DIALECTS } from './dialects/index.ts';
import { anyInput, anyOutput, toolStep } from './dialects/shapes.ts';
import { applies } from './names.ts';
import { setInput, setOutput } from './payload.ts';
import type { AttributeDialect, Content, Item, Processor } from './types.ts';

export const content: Processor = {
  id: 'content',
  summary: 'Reads prompts and answers out of attributes and events',
  create: () => readContent,
};

/** The first that has an input gives the input, the first that has an output the output. */
function readContent(item: Item): void {
  if (!item.hasContent || item.io) return; // the proxy's capture says it better
  const spoken = ATTRIBUTE_DIALECTS.filter(({ when }) => applies(when, item.span.attributes));
  const found = spoken.flatMap((dialect) => [dialect.readContent?.(item.span), readStep(dialect, item)]);
  const input = found.find((each) => each && each.system.length + each.messages.length + each.tools.length > 0);
  const output = found.find((each) => each && each.output.length > 0);
  if (input) setInput(item, input);
  if (output) setOutput(item, output.output);
}

/** What went into a step and came out, each as one value; of a tool, the call and its result. */
function readStep({ input = [], output = [] }: AttributeDialect, { row, span }: Item): Content | undefined {
  const first = (names: readonly string[]) =>
    span.attributes.get(names.find((name) => span.attributes.has(name)) ?? '');
  const [given, result] = [first(input), first(output)];
  if (given === undefined && result === undefined) return undefined;
  if (row.op !== 'execute_tool') return { ...anyInput(given), output: anyOutput(result) };
  const [name = '', id = ''] = [row.attrs[ATTR.TOOL_NAME], row.attrs[ATTR.TOOL_CALL_ID]];
  return toolStep({ name, id }, given, result);
}
