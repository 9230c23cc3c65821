// Prompts and answers of other senders, which write them as attributes or events, in the dialects of dialects/.

import { ATTRIBUTE_DIALECTS } from './dialects/index.ts';
import { setInput, setOutput } from './payload.ts';
import type { Item, Processor } from './types.ts';

export const content: Processor = {
  id: 'content',
  summary: 'Reads prompts and answers out of attributes and events',
  create: () => readContent,
};

function readContent(item: Item): void {
  if (!item.hasContent || item.io) return; // the proxy's capture says it better
  for (const dialect of ATTRIBUTE_DIALECTS) {
    const found = dialect.readContent(item.span);
    if (!found) continue;
    setInput(item, found);
    setOutput(item, found.output);
    return;
  }
}
