// Responses, read and written, and their numbers.

import type { CallOutput, Usage } from '../../call.ts';
import { unfold } from '../fold.ts';
import { fields, isFields, list, readError, text, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { withStated } from '../stated.ts';
import type { Asked } from '../types.ts';
import { ResponseWriter } from './encode.ts';
import { isOurs, itemParts, withCallSeals } from './items.ts';

/** The `usage` object: totals, with cached and reasoning tokens as subsets. */
export function readResponsesUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const input = fields(usage['input_tokens_details']);
  const counts = usageOf({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    total: usage['total_tokens'],
    cacheRead: input['cached_tokens'],
    cacheWrite: input['cache_write_tokens'],
    reasoning: fields(usage['output_tokens_details'])['reasoning_tokens'],
    units: { searches: usage[SEARCHES] },
  });
  return withStated(counts, usage);
}

/** Where `usage` would say it if it did. */
const SEARCHES = 'num_search_queries';

/** The `usage` of a whole response, with the searches that are billed beside its tokens. */
export function billedUsage(response: Fields): unknown {
  const { usage } = response;
  const calls = list(response['output']).map(fields);
  // Opening a page that was found costs nothing.
  const searches = calls.filter(({ type, action }) => {
    return type === 'web_search_call' && (fields(action)['type'] ?? 'search') === 'search';
  });
  const stated = fields(fields(response['tool_usage'])['web_search'])['num_requests'];
  return isFields(usage) ? { [SEARCHES]: stated ?? searches.length, ...usage } : usage;
}

export function readOutput(value: unknown): CallOutput {
  const body = fields(value);
  const items = list(body['output']);
  const error = readError(body);
  const said = items.length > 0 || typeof body['status'] === 'string';
  const parts = items.flatMap((item, at) => itemParts(item, `output.${at}`, new WeakMap()));
  const finish = finishReason(body, items.some(isOurs));
  const tier = text(body['service_tier']);
  return {
    messages: said ? [{ role: 'assistant', parts: withCallSeals(parts), finish_reason: finish }] : [],
    usage: readResponsesUsage(billedUsage(body)),
    model: text(body['model']),
    id: text(body['id']),
    ...(tier === '' ? {} : { serviceTier: tier }),
    complete: Array.isArray(body['output']) || error !== undefined,
    error,
  };
}

/** The API has a status where the others have a finish reason. @param calls a tool that the caller runs was called */
export function finishReason(body: Fields, calls: boolean): string {
  if (body['status'] === 'completed') return calls ? 'tool_call' : 'stop';
  if (body['status'] !== 'incomplete') return 'error';
  const reason = text(fields(body['incomplete_details'])['reason']);
  return reason === 'max_output_tokens' ? 'length' : reason || 'length';
}

/** The response that ends the stream of the same answer. */
export function writeOutput(output: CallOutput, asked: Asked): unknown {
  const writer = new ResponseWriter(asked);
  for (const event of unfold(output)) writer.push(event);
  return writer.response();
}
