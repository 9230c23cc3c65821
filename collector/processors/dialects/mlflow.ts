// MLflow Tracing: every value is JSON, texts too.

import { ATTR } from '../../../schemas/attributes.ts';
import type { AttrMap, AttrValue } from '../../receivers/model.ts';
import { asText } from '../text.ts';
import type { AttributeDialect } from '../types.ts';
import { jsonOf } from './messages.ts';
import { providerName } from './providers.ts';

const USAGE = 'mlflow.chat.tokenUsage';

export const mlflow: AttributeDialect = {
  id: 'mlflow',
  title: 'MLflow',
  senders: "MLflow Tracing's OTLP export, of its autologging and of its SDKs",
  aliases: {
    [ATTR.OPERATION]: ['mlflow.spanType'],
    [ATTR.PROVIDER]: [{ from: 'mlflow.llm.provider', value: (value) => providerName(plain(value)) }],
    [ATTR.REQUEST_MODEL]: [{ from: 'mlflow.llm.model', value: plain }],
    [ATTR.INPUT_TOKENS]: [{ from: USAGE, at: 'input_tokens' }],
    [ATTR.OUTPUT_TOKENS]: [{ from: USAGE, at: 'output_tokens' }],
    [ATTR.CACHE_READ_TOKENS]: [{ from: USAGE, at: 'cache_read_input_tokens' }],
    [ATTR.CACHE_WRITE_TOKENS]: [{ from: USAGE, at: 'cache_creation_input_tokens' }],
    [ATTR.COST_TOTAL]: [{ from: 'mlflow.llm.cost', at: 'total_cost' }],
    [ATTR.TOOL_NAME]: [{ from: 'mlflow.spanFunctionName', value: toolName }],
    [ATTR.SESSION_ID]: [{ from: 'mlflow.trace.session', value: plain }],
    [ATTR.USER_ID]: [{ from: 'mlflow.trace.user', value: plain }],
  },
  input: ['mlflow.spanInputs', 'mlflow.chat.messages'],
  output: ['mlflow.spanOutputs'],
};

/** A text out of its JSON. */
function plain(value: AttrValue): string {
  const json = jsonOf(value);
  return typeof json === 'string' ? json : asText(value);
}

function toolName(value: AttrValue, all: AttrMap): AttrValue {
  return plain(all.get('mlflow.spanType') ?? '') === 'TOOL' ? plain(value) : null;
}
