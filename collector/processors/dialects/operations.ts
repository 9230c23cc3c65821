// Senders' words for what a span does, and the conventions' word for it; where these have none, ours.

/** In lower case. A step that is none of these has no operation. */
// prettier-ignore
export const WORDS: Readonly<Record<string, readonly string[]>> = {
  chat: [
    'llm', 'chat_model', 'generation', 'completion', 'acompletion', 'responses', 'aresponses', 'anthropic_messages',
    'chat.completions', 'chat.streaming_completions', 'chat_completions', 'ai.generatetext.dogenerate',
    'ai.streamtext.dostream', 'ai.generateobject.dogenerate', 'ai.streamobject.dostream',
  ],
  text_completion: ['atext_completion', 'text.completions', 'text.streaming_completions', 'text_completions'],
  embeddings: ['embedding', 'aembedding', 'ai.embed.doembed', 'ai.embedmany.doembed'],
  execute_tool: ['tool', 'tool_call', 'call_mcp_tool', 'ai.toolcall', 'tools/call'],
  invoke_agent: ['agent', 'invoke_streaming_agent', 'ai.generatetext', 'ai.streamtext', 'ai.generateobject', 'ai.streamobject'],
  invoke_workflow: ['workflow', 'chain', 'ai.embed', 'ai.embedmany', 'ai.rerank'],
  retrieval: ['retriever', 'reranker', 'rerank', 'arerank', 'ai.rerank.dorerank'],
  search_memory: ['memory'],
  guardrail: [],
  evaluate: ['evaluator'],
  mcp: ['initialize', 'ping', 'tools/list', 'resources/list', 'resources/read', 'prompts/list', 'prompts/get'],
  '': ['unknown', 'span', 'event', 'task', 'parser', 'prompt'],
};

const OPERATIONS = new Map(
  Object.entries(WORDS).flatMap(([operation, words]) =>
    [operation, ...words].map((word) => [word, operation] as const),
  ),
);

/** The conventions' word. MLflow writes its own in quotes; unknown ones stay. */
export function operationOf(word: string): string {
  return OPERATIONS.get(word) ?? OPERATIONS.get(word.toLowerCase().replaceAll('"', '')) ?? word;
}
