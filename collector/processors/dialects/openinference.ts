// OpenInference (Arize Phoenix): flat names with indices, one kind a span.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, DecodedSpan } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { AttributeDialect, Content } from '../types.ts';
import { contentOf, hasContent, inputOf, outputOf } from './messages.ts';
import { providerName } from './providers.ts';
import { NO_CONTENT, isFields, toolsOf, treeOf, type Fields } from './shapes.ts';

const KIND = 'openinference.span.kind';

export const openinference: AttributeDialect = {
  id: 'openinference',
  title: 'OpenInference',
  senders: 'the instrumentations of Arize Phoenix: OpenAI, Anthropic, LangChain, LlamaIndex, CrewAI, DSPy and others',
  when: [KIND],
  aliases: {
    [ATTR.OPERATION]: [KIND],
    [ATTR.PROVIDER]: [
      { from: 'llm.provider', value: providerName },
      { from: 'llm.system', value: providerName },
    ],
    [ATTR.REQUEST_MODEL]: ['llm.request.model_name', 'llm.model_name', 'embedding.model_name', 'reranker.model_name'],
    [ATTR.RESPONSE_MODEL]: ['llm.response.model_name'],
    [ATTR.INPUT_TOKENS]: ['llm.token_count.prompt'],
    [ATTR.OUTPUT_TOKENS]: ['llm.token_count.completion'],
    [ATTR.CACHE_READ_TOKENS]: ['llm.token_count.prompt_details.cache_read'],
    [ATTR.CACHE_WRITE_TOKENS]: ['llm.token_count.prompt_details.cache_write'],
    [ATTR.AUDIO_INPUT_TOKENS]: ['llm.token_count.prompt_details.audio'],
    [ATTR.REASONING_TOKENS]: ['llm.token_count.completion_details.reasoning'],
    [ATTR.AUDIO_OUTPUT_TOKENS]: ['llm.token_count.completion_details.audio'],
    [ATTR.COST_TOTAL]: ['llm.cost.total'],
    [ATTR.FINISH_REASONS]: ['llm.finish_reason'],
    [ATTR.STREAM]: [{ from: 'llm.invocation_parameters', at: 'stream' }],
    [ATTR.TOOL_NAME]: ['tool.name'],
    [ATTR.TOOL_CALL_ID]: ['tool.id'],
    [ATTR.AGENT_NAME]: ['agent.name'],
    [ATTR.PROMPT_NAME]: ['prompt.id'],
    [ATTR.PROMPT_VERSION]: ['llm.prompt_template.version'],
  },
  tags: ['tag.tags', 'metadata'],
  input: ['input.value', 'tool.parameters', 'reranker.query', 'embedding.text'],
  output: ['output.value'],
  content: [
    /^llm\.(input_messages|output_messages|prompts|choices|tools)\.\d/,
    /^(retrieval\.documents|reranker\.(in|out)put_documents)\.\d/,
    /^embedding\.embeddings\.\d+\.embedding\.(text|vector)$/,
  ],
  readContent: ({ attributes }: DecodedSpan) =>
    [fromMessages, fromPrompts, fromDocuments].map((read) => read(attributes)).find(hasContent),
};

function fromMessages(attributes: AttrMap): Content {
  const finish_reason = asText(attributes.get('llm.finish_reason') ?? '');
  const answers = itemsOf(attributes, 'llm.output_messages', 'message').map(messageOf);
  return {
    ...NO_CONTENT,
    messages: inputOf(itemsOf(attributes, 'llm.input_messages', 'message').map(messageOf)),
    tools: toolsOf(itemsOf(attributes, 'llm.tools', 'tool').map((tool) => tool['json_schema'])),
    output: outputOf(answers.map((each) => ({ ...each, finish_reason }))),
  };
}

function messageOf(message: Fields): Fields {
  const { contents, content, tool_calls, ...rest } = message;
  const parts = (Array.isArray(contents) ? contents : []).map((each: unknown) =>
    partOf(isFields(each) ? each['message_content'] : each),
  );
  const calls = (Array.isArray(tool_calls) ? tool_calls : []).map((each: unknown) =>
    isFields(each) ? callOf(each['tool_call']) : each,
  );
  const text = typeof content === 'string' ? contentOf(content) : content;
  return {
    ...rest,
    content: parts.length > 0 ? parts : (text ?? null),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function partOf(part: unknown): unknown {
  if (!isFields(part)) return { type: 'text', text: String(part) };
  if (part['type'] !== 'image') return part;
  const image = isFields(part['image']) ? part['image'] : {};
  const url = isFields(image['image']) ? image['image']['url'] : image['url'];
  return { type: 'image_url', image_url: { url: String(url ?? '') } };
}

function callOf(call: unknown): unknown {
  if (!isFields(call)) return {};
  const { name, arguments: given } = isFields(call['function']) ? call['function'] : call;
  return { id: call['id'], name, arguments: given };
}

function fromPrompts(attributes: AttrMap): Content {
  const texts = (start: string, inner: string) => itemsOf(attributes, start, inner).map(({ text }) => String(text));
  const given = [...texts('llm.prompts', 'prompt'), ...texts('embedding.embeddings', 'embedding')];
  return { ...NO_CONTENT, messages: inputOf(given), output: outputOf(texts('llm.choices', 'completion')) };
}

/** What was found, or put into order. */
function fromDocuments(attributes: AttrMap): Content {
  const starts = ['retrieval.documents', 'reranker.output_documents'];
  const found = starts.flatMap((start) => itemsOf(attributes, start, 'document'));
  const parts = found.map((document) => ({ type: 'generic', generic_type: 'document', ...document }));
  return { ...NO_CONTENT, output: parts.length === 0 ? [] : [{ role: 'tool', parts, finish_reason: '' }] };
}

/** `start.N.inner.*`, each without its wrapping. */
function itemsOf(attributes: AttrMap, start: string, inner: string): Fields[] {
  const tree = treeOf(attributes, start);
  if (!Array.isArray(tree)) return [];
  return tree.flatMap((each: unknown) => {
    const item = isFields(each) ? each[inner] : undefined;
    return isFields(item) ? [item] : [];
  });
}
