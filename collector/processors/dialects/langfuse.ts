// Langfuse's SDKs: langfuse.observation.* with JSON inside, buckets of usage that exclude one another.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrValue } from '../../receivers/model.ts';
import { asNumber } from '../text.ts';
import type { AttributeDialect, Source } from '../types.ts';
import { jsonOf } from './messages.ts';
import { isFields } from './shapes.ts';

const USAGE = 'langfuse.observation.usage_details';

export const langfuse: AttributeDialect = {
  id: 'langfuse',
  title: 'Langfuse',
  senders: "Langfuse's Python and JS SDKs from version 3 and 4 on, through their OpenTelemetry exporters",
  aliases: {
    [ATTR.OPERATION]: ['langfuse.observation.type'],
    [ATTR.REQUEST_MODEL]: ['langfuse.observation.model.name'],
    [ATTR.INPUT_TOKENS]: [bucket('input'), inUsage('prompt_tokens')],
    [ATTR.OUTPUT_TOKENS]: [bucket('output'), inUsage('completion_tokens')],
    [ATTR.CACHE_READ_TOKENS]: ['input_cached_tokens', 'input_cache_read', 'cache_read_input_tokens'].map(inUsage),
    [ATTR.CACHE_WRITE_TOKENS]: [bucket('input_cache_creation'), inUsage('cache_creation_input_tokens')],
    [ATTR.REASONING_TOKENS]: ['output_reasoning_tokens', 'output_reasoning'].map(inUsage),
    [ATTR.COST_TOTAL]: [{ from: 'langfuse.observation.cost_details', at: 'total' }],
    [ATTR.PROMPT_NAME]: ['langfuse.observation.prompt.name'],
    [ATTR.PROMPT_VERSION]: ['langfuse.observation.prompt.version'],
    [ATTR.SESSION_ID]: ['langfuse.session.id'],
    [ATTR.USER_ID]: ['langfuse.user.id'],
    [ATTR.ENVIRONMENT]: ['langfuse.environment'],
  },
  tags: [
    'langfuse.trace.tags',
    'langfuse.trace.metadata.',
    'langfuse.observation.metadata.',
    'langfuse.trace.metadata',
  ],
  input: ['langfuse.observation.input', 'langfuse.trace.input'],
  output: ['langfuse.observation.output', 'langfuse.trace.output'],
};

function inUsage(at: string): Source {
  return { from: USAGE, at };
}

/** The bucket and all its parts: each token is in one of them. */
function bucket(name: string): Source {
  return { from: USAGE, value: (value) => sumOf(jsonOf(value), name) };
}

function sumOf(usage: unknown, bucket: string): AttrValue {
  if (!isFields(usage)) return null;
  const parts = Object.entries(usage).filter(([name]) => name === bucket || name.startsWith(`${bucket}_`));
  return parts.length === 0 ? null : parts.reduce((sum, [, count]) => sum + (asNumber(count as AttrValue) ?? 0), 0);
}
