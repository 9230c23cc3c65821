// How many tokens a prompt has. A provider that counts in the caller's dialect is asked; otherwise the answer is an
// estimate made here, and says so. Nothing of it is billed.

import type { Call, Part } from '../../schemas/call.ts';
import { sendJson } from '../answer.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { countingOf, readCount } from '../translation.ts';

/** What chat formats put around a message. */
const TOKENS_PER_MESSAGE = 4;
/** Of an image at the size to which providers scale down: what Anthropic documents. */
const TOKENS_PER_IMAGE = 1600;

export function count({ providers, tokens }: Services): Layer {
  return async (live, next) => {
    const counting = live.operation === 'count' ? countingOf(live.dialect) : undefined;
    if (counting === undefined) return next(live);
    const first = live.plan?.targets[0];
    const provider = first && providers.get(first.deployment);
    if (live.dialect !== '' && provider?.counts?.has(live.dialect) === true) return next(live);
    const call = readCount(live, counting);
    const estimate = (await tokens.count(textOf(call))) + TOKENS_PER_MESSAGE * call.messages.length + imagesOf(call);
    sendJson(live, JSON.stringify(counting.writeAnswer(estimate)), ['x-signalbox-estimated', 'true']);
    live.outcome = 'ok';
  };
}

function partsOf({ system, messages }: Call): readonly Part[] {
  return [...system, ...messages.flatMap(({ parts }) => parts)];
}

function textOf(call: Call): string {
  const tools = call.tools.map(({ name, description, parameters }) => JSON.stringify([name, description, parameters]));
  return [...partsOf(call).map(words), ...tools].filter((text) => text !== '').join('\n');
}

function words(part: Part): string {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return part.content;
    case 'tool_call':
      return `${part.name} ${JSON.stringify(part.arguments) ?? ''}`;
    case 'tool_call_response':
      return typeof part.response === 'string' ? part.response : (JSON.stringify(part.response) ?? '');
    default:
      return '';
  }
}

function imagesOf(call: Call): number {
  const images = partsOf(call).filter((part) => 'modality' in part && part.modality === 'image');
  return images.length * TOKENS_PER_IMAGE;
}
