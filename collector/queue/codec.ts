// How rows stand in the queue and go to the store: JSONCompactEachRow, one line a row, columns in the order below.
// A row is turned into text once, on arrival; queue and store pass the text on as it is.
// Times are decimal seconds (`1700000000.123456`), which DateTime64 columns of any precision read exactly.

import type { ScoreRow } from '../../schemas/score.ts';
import type { IoRow, SpanBatch, SpanRow } from '../../schemas/span.ts';
import type { EncodedBatch, EncodedRows } from '../component.ts';

export const SPAN_COLUMNS = [
  'team', 'ts', 'ts_received', 'trace_id', 'span_id', 'parent_span_id', 'is_root', 'is_entry', 'name', 'kind', 'op',
  'service', 'env', 'source', 'provider', 'model', 'model_returned', 'deployment', 'route', 'reason', 'attempt',
  'prompt_name', 'prompt_version', 'key_id', 'user_id', 'session_id', 'tags', 'status', 'status_message', 'error_type',
  'http_status', 'outcome', 'finish_reason', 'cache', 'stream', 'duration_ns', 'ttft_us', 'overhead_us', 'in_tok',
  'in_cache_read', 'in_cache_write', 'out_tok', 'out_reasoning', 'usage_source', 'cost_usd', 'cost_known', 'price_id',
  'tools_called', 'in_preview', 'out_preview', 'attrs', 'events', 'links',
] as const satisfies readonly (keyof SpanRow)[]; // prettier-ignore

export const IO_COLUMNS = [
  'team', 'ts', 'trace_id', 'span_id', 'input', 'output', 'raw_request', 'raw_response', 'request_size',
  'response_size',
] as const satisfies readonly (keyof IoRow)[]; // prettier-ignore

export const SCORE_COLUMNS = [
  'team', 'ts', 'score_id', 'trace_id', 'span_id', 'name', 'source', 'value', 'has_value', 'label', 'comment',
  'response_id',
] as const satisfies readonly (keyof ScoreRow)[]; // prettier-ignore
