// LiteLLM, the proxy and the library: the conventions with costs, keys and teams around them. Its messages are the
// numbered ones of OpenLLMetry.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttributeDialect } from '../types.ts';
import { providerName } from './providers.ts';

export const litellm: AttributeDialect = {
  id: 'litellm',
  title: 'LiteLLM',
  senders: "LiteLLM's `otel` callback, of its proxy and of its library",
  // The proxy's own request span carries the call since 1.81, and there is no other.
  callingServers: ['litellm'],
  aliases: {
    [ATTR.OPERATION]: ['llm.request.type', 'litellm.call_type'],
    [ATTR.PROVIDER]: [{ from: 'llm.custom_llm_provider', value: providerName }],
    [ATTR.REQUEST_MODEL]: ['litellm.provider.model'],
    [ATTR.COST_TOTAL]: ['gen_ai.cost.total_cost', 'litellm.cost.total', { from: 'hidden_params', at: 'response_cost' }],
    [ATTR.STREAM]: ['litellm.request.streaming'],
    [ATTR.REQUEST_ID]: ['litellm.call_id'],
    [ATTR.TEAM]: [
      'metadata.user_api_key_team_alias',
      'litellm.team.alias',
      'metadata.user_api_key_team_id',
      'litellm.team.id',
    ],
    [ATTR.KEY_ID]: ['metadata.user_api_key_alias', 'metadata.user_api_key_hash'],
    [ATTR.USER_ID]: ['metadata.user_api_key_end_user_id', 'litellm.end_user.id', 'metadata.user_api_key_user_id'],
  },
  tags: ['metadata.requester_metadata', 'litellm.metadata.'],
};
