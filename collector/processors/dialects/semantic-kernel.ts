// Semantic Kernel's model diagnostics: the conventions of 2024 with words of its own. Its messages are the events that
// genai.ts reads.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrValue } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { AttributeDialect } from '../types.ts';

export const semanticKernel: AttributeDialect = {
  id: 'semantic_kernel',
  title: 'Semantic Kernel',
  senders: 'the model diagnostics of Semantic Kernel for .NET, Python and Java',
  aliases: {
    [ATTR.OPERATION]: [{ from: 'sk.available_functions', value: () => 'invoke_workflow' }],
    [ATTR.INPUT_TOKENS]: ['gen_ai.response.prompt_tokens'],
    [ATTR.OUTPUT_TOKENS]: ['gen_ai.response.completion_tokens'],
    [ATTR.FINISH_REASONS]: [{ from: 'gen_ai.response.finish_reason', value: member }],
  },
};

/** Python writes the name of the member of its enum. */
function member(value: AttrValue): AttrValue {
  const [type, name = ''] = asText(value).split('.');
  return type === 'FinishReason' ? name.toLowerCase() : null;
}
