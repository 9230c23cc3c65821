// LangSmith's SDKs with OpenTelemetry on (LangChain, LangGraph, @traceable): the conventions, with one JSON text a side,
// and langsmith.* around them. Its "session" is a project: the conversation is in the metadata.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttributeDialect } from '../types.ts';
import { providerName } from './providers.ts';

const METADATA = 'langsmith.metadata.';
const INPUT_DETAILS = 'gen_ai.usage.input_token_details';

export const langsmith: AttributeDialect = {
  id: 'langsmith',
  title: 'LangSmith',
  senders: 'LangChain, LangGraph and `@traceable` with `LANGSMITH_OTEL_ENABLED=true`',
  aliases: {
    [ATTR.OPERATION]: ['langsmith.span.kind'],
    [ATTR.PROVIDER]: [{ from: `${METADATA}ls_provider`, value: providerName }],
    [ATTR.REQUEST_MODEL]: [`${METADATA}ls_model_name`],
    [ATTR.CACHE_READ_TOKENS]: [{ from: INPUT_DETAILS, at: 'cache_read' }],
    [ATTR.CACHE_WRITE_TOKENS]: [{ from: INPUT_DETAILS, at: 'cache_creation' }],
    [ATTR.REASONING_TOKENS]: [{ from: 'gen_ai.usage.output_token_details', at: 'reasoning' }],
    [ATTR.STREAM]: ['langsmith.request.streaming'],
    [ATTR.SESSION_ID]: [`${METADATA}session_id`, `${METADATA}thread_id`, `${METADATA}conversation_id`],
    [ATTR.USER_ID]: [`${METADATA}user_id`],
    [ATTR.AGENT_NAME]: [`${METADATA}langgraph_node`],
  },
  tags: ['langsmith.span.tags', METADATA],
};
