// Anthropic's usage and cost reports: /v1/organizations/usage_report/messages and /v1/organizations/cost_report, and the
// CSV files that the Console exports. platform.claude.com/docs, "Usage and Cost Admin API"

import { fields, list, text, type Fields } from '../../../schemas/dialects/read.ts';
import type { ProviderRow, ReportReader } from './types.ts';

export const anthropic: ReportReader = {
  id: 'anthropic',
  summary: 'Anthropic: usage and cost of the organisation',
  baseUrl: 'https://api.anthropic.com',
  headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  reports: (from, to) => {
    const range = `starting_at=${midnight(from)}&ending_at=${midnight(to)}&bucket_width=1d&limit=31`;
    return [
      `/v1/organizations/usage_report/messages?${range}&group_by[]=model`,
      `/v1/organizations/cost_report?${range}&group_by[]=description`,
    ];
  },
  readPage(page) {
    const buckets = list(fields(page)['data']).map(fields);
    if (!buckets.some((bucket) => typeof bucket['starting_at'] === 'string')) return undefined;
    return buckets.flatMap((bucket) => {
      const day = text(bucket['starting_at']).slice(0, 10);
      return list(bucket['results']).map((result) => ofApi(day, fields(result)));
    });
  },
  readTable(rows) {
    const names = Object.keys(rows[0] ?? {});
    if (names.includes('usage_date_utc') && names.includes('model_version')) return rows.map(ofUsage);
    if (names.includes('usage_date_utc') && names.some((name) => name.startsWith('cost'))) return rows.map(ofCost);
    return undefined;
  },
};

function ofApi(day: string, said: Fields): ProviderRow {
  const written = fields(said['cache_creation']);
  const cacheRead = number(said['cache_read_input_tokens']);
  const cacheWrite = number(written['ephemeral_5m_input_tokens']) + number(written['ephemeral_1h_input_tokens']);
  return {
    day,
    model: text(said['model']),
    input: number(said['uncached_input_tokens']) + cacheRead + cacheWrite,
    cacheRead,
    cacheWrite,
    output: number(said['output_tokens']),
    requests: undefined,
    // In cents, as a decimal text.
    usd: said['amount'] === undefined ? undefined : number(said['amount']) / 100,
  };
}

type CsvRow = Readonly<Record<string, string>>;

function ofUsage(row: CsvRow): ProviderRow {
  const cacheRead = number(row['usage_input_tokens_cache_read']);
  const cacheWrite =
    number(row['usage_input_tokens_cache_write_5m']) + number(row['usage_input_tokens_cache_write_1h']);
  return {
    day: (row['usage_date_utc'] ?? '').slice(0, 10),
    model: row['model_version'] ?? '',
    input: number(row['usage_input_tokens_no_cache']) + cacheRead + cacheWrite,
    cacheRead,
    cacheWrite,
    output: number(row['usage_output_tokens']),
    requests: undefined,
    usd: undefined,
  };
}

function ofCost(row: CsvRow): ProviderRow {
  return {
    day: (row['usage_date_utc'] ?? '').slice(0, 10),
    model: row['model'] ?? '',
    input: 0,
    cacheRead: 0,
    cacheWrite: 0,
    output: 0,
    requests: undefined,
    usd: number(row['cost_usd'] ?? row['cost']),
  };
}

const midnight = (date: Date): string => `${date.toISOString().slice(0, 10)}T00:00:00Z`;
const number = (value: unknown): number => (Number.isFinite(Number(value)) ? Number(value) : 0);
