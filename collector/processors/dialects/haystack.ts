// Haystack's own tracing: pipelines and components, what they do known by their class, usage inside of what they return.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { AttributeDialect, Source } from '../types.ts';
import { providerName } from './providers.ts';

const TYPE = 'haystack.component.type';
const NAME = 'haystack.component.name';

/** Ends of the names of Haystack's classes. */
const CLASSES: readonly (readonly [end: RegExp, operation: string])[] = [
  [/Generator$/, 'chat'],
  [/Embedder$/, 'embeddings'],
  [/(Retriever|Ranker|WebSearch)$/, 'retrieval'],
  [/ToolInvoker$/, 'execute_tool'],
  [/Agent$/, 'invoke_agent'],
  [/Evaluator$/, 'evaluate'],
];
const OWNER = /^(Azure|OpenAI|Anthropic|Amazon|VertexAI|Google|Mistral|Cohere|Ollama|Nvidia|Jina|Groq|OpenRouter)/;

export const haystack: AttributeDialect = {
  id: 'haystack',
  title: 'Haystack',
  senders: "Haystack's OpenTelemetry tracer, with `HAYSTACK_CONTENT_TRACING_ENABLED=true` for usage and content",
  aliases: {
    [ATTR.OPERATION]: [
      { from: TYPE, value: (_, all) => kindOf(all) },
      { from: 'haystack.pipeline.input_data', value: () => 'invoke_workflow' },
      { from: 'haystack.agent.max_steps', value: () => 'invoke_agent' },
    ],
    [ATTR.PROVIDER]: [{ from: TYPE, value: provider }],
    [ATTR.REQUEST_MODEL]: inMeta('model'),
    [ATTR.INPUT_TOKENS]: inMeta('usage.prompt_tokens', 'usage.input_tokens'),
    [ATTR.OUTPUT_TOKENS]: inMeta('usage.completion_tokens', 'usage.output_tokens'),
    [ATTR.CACHE_READ_TOKENS]: inMeta('usage.prompt_tokens_details.cached_tokens'),
    [ATTR.FINISH_REASONS]: inMeta('finish_reason'),
    [ATTR.TOOL_NAME]: [{ from: NAME, value: (name, all) => (kindOf(all) === 'execute_tool' ? name : null) }],
    [ATTR.AGENT_NAME]: [{ from: NAME, value: (name, all) => (kindOf(all) === 'invoke_agent' ? name : null) }],
  },
  input: ['haystack.component.input', 'haystack.agent.input', 'haystack.pipeline.input_data'],
  output: ['haystack.component.output', 'haystack.agent.output', 'haystack.pipeline.output_data'],
};

/** The places of `meta` in what chat generators, generators and embedders return. */
function inMeta(...names: readonly string[]): Source[] {
  const places = ['replies.0.meta', 'replies.0._meta', 'meta.0', 'meta'];
  return places.flatMap((place) =>
    names.map((name) => ({ from: 'haystack.component.output', at: `${place}.${name}` })),
  );
}

function kindOf(all: AttrMap): string | null {
  const name = asText(all.get(TYPE) ?? '');
  return CLASSES.find(([end]) => end.test(name))?.[1] ?? null;
}

function provider(value: AttrValue): AttrValue {
  const owner = OWNER.exec(asText(value))?.[0];
  return owner === undefined ? null : providerName(owner);
}
