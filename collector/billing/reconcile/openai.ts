// OpenAI's usage and costs: /v1/organization/usage/{completions,embeddings,...} and /v1/organization/costs, and the CSV
// files that the dashboard exports of the same. platform.openai.com/docs/api-reference/usage

import { fields, list, text, type Fields } from '../../../schemas/dialects/read.ts';
import type { ProviderRow, ReportReader } from './types.ts';

const DAY_S = 86_400;

export const openai: ReportReader = {
  id: 'openai',
  summary: 'OpenAI: usage and costs of the organisation',
  baseUrl: 'https://api.openai.com',
  headers: (key) => ({ authorization: `Bearer ${key}` }),
  reports: (from, to) => {
    const range = `start_time=${seconds(from)}&end_time=${seconds(to)}&bucket_width=1d`;
    const usage = ['completions', 'embeddings'].map(
      (kind) => `/v1/organization/usage/${kind}?${range}&group_by=model&limit=31`,
    );
    return [...usage, `/v1/organization/costs?${range}&group_by=line_item&limit=180`];
  },
  readPage(page) {
    const buckets = list(fields(page)['data']).map(fields);
    if (!buckets.some((bucket) => typeof bucket['start_time'] === 'number')) return undefined;
    return buckets.flatMap((bucket) => {
      const day = dayOf(bucket['start_time']);
      return list(bucket['results'] ?? bucket['result']).map((result) => rowOf(day, fields(result)));
    });
  },
  readTable(rows) {
    const names = Object.keys(rows[0] ?? {});
    const money = names.includes('amount_value') || names.includes('amount');
    if (!names.some((name) => name.startsWith('start_time')) || (!names.includes('input_tokens') && !money))
      return undefined;
    return rows.map((row) => rowOf(dayOf(row['start_time_iso'] || row['start_time']), row));
  },
};

function rowOf(day: string, said: Fields): ProviderRow {
  const amount = fields(said['amount']);
  const usd =
    said['amount_value'] ?? amount['value'] ?? (typeof said['amount'] === 'object' ? undefined : said['amount']);
  return {
    day,
    model: text(said['model']) || modelOfItem(text(said['line_item'])),
    input: number(said['input_tokens']),
    cacheRead: number(said['input_cached_tokens']),
    cacheWrite: number(said['input_cache_write_tokens']),
    output: number(said['output_tokens']),
    requests: said['num_model_requests'] === undefined ? undefined : number(said['num_model_requests']),
    usd: usd === undefined ? undefined : number(usd),
  };
}

/** `gpt-4o-2024-08-06, cached input`: what is billed, and of which model. */
function modelOfItem(item: string): string {
  return /^([^,]+),/.exec(item)?.[1]?.trim() ?? '';
}

function dayOf(time: unknown): string {
  const at = typeof time === 'number' || /^\d+$/.test(String(time)) ? Number(time) * 1000 : Date.parse(String(time));
  return Number.isNaN(at) ? '' : new Date(at).toISOString().slice(0, 10);
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000 / DAY_S) * DAY_S;
const number = (value: unknown): number => (Number.isFinite(Number(value)) ? Number(value) : 0);
