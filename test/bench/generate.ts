// Millions of spans without sending them: the engine makes them up itself, with the shapes that real traffic has
// (log-normal durations, a few busy users, rare errors, words of unequal use). Two rows a trace: a request and its call.

import { createHash } from 'node:crypto';
import { migrate } from '../../collector/store/migrate.ts';
import { StoreClient } from '../../collector/store/client.ts';
import { Sql } from '../../collector/store/sql.ts';
import { ms } from '../../schemas/units.ts';

export const DAYS = 14;
const CHUNK = 500_000;

export interface Generated {
  readonly spans: number;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** Fills the store of a data directory. */
export async function generate(dataDir: string, spans: number, say: (line: string) => void): Promise<Generated> {
  const store = await StoreClient.open({ path: `${dataDir}/collector/store` });
  const retention = { spans: ms(400 * 86_400_000), payloads: ms(400 * 86_400_000), rollups: ms(400 * 86_400_000) };
  await migrate(store, retention);
  const to = Date.now();
  const from = to - DAYS * 86_400_000;
  const started = Date.now();
  for (let first = 0; first < spans; first += CHUNK) {
    const count = Math.min(CHUNK, spans - first);
    const step = ((to - from) * 1000) / (spans / 2);
    await store.command(new Sql(spansOf({ first, count, fromUs: from * 1000, stepUs: step })));
    await store.command(new Sql(ioOf({ first, count, fromUs: from * 1000, stepUs: step })));
    say(`${first + count} spans after ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
  await store.close();
  return { spans, from, to };
}

/** The id of trace number `at`, as the engine makes it. */
export const traceIdOf = (at: number): string => createHash('md5').update(String(at)).digest('hex');

interface Part {
  readonly first: number;
  readonly count: number;
  readonly fromUs: number;
  readonly stepUs: number;
}

const uniform = (salt: number) => `(cityHash64(t, ${salt}) / 18446744073709551616)`;
const pick = (values: readonly string[], salt: number, power = 1) =>
  `[${values.map((value) => `'${value}'`).join(', ')}][1 + toUInt32(floor(pow(${uniform(salt)}, ${power}) * ${values.length}))]`;
const normal = (salt: number) => `sqrt(-2 * log(1 - ${uniform(salt)})) * cos(6.283185307 * ${uniform(salt + 1)})`;
/** Words w0 (common) to w19999 (rare). */
const words = (count: number, salt: number) =>
  `arrayStringConcat(arrayMap(x -> concat('w', toString(toUInt32(pow(cityHash64(t, x, ${salt}) / 18446744073709551616, 4) * 20000))), range(${count})), ' ')`;

const timeOf = ({ fromUs, stepUs }: Part) =>
  `fromUnixTimestamp64Micro(toInt64(${fromUs} + t * ${stepUs} + ${uniform(1)} * ${stepUs}), 'UTC')`;

const MODELS = [
  'gpt-5-mini',
  'gpt-4.1',
  'gpt-5-nano',
  'claude-haiku-4-5',
  'gpt-5',
  'claude-sonnet-4-5',
  'llama-3.3-70b',
];

function spansOf(part: Part): string {
  const model = pick(MODELS, 10, 1.6);
  const failing = `${uniform(20)} < 0.012`;
  const columns: Record<string, string> = {
    team: pick(['support', 'platform', 'finance', 'research', 'growth', 'search', 'mobile', 'sales'], 11, 1.5),
    ts: `${timeOf(part)} + toIntervalMicrosecond(k * 350)`,
    ts_received: `toDateTime64(${timeOf(part)}, 3, 'UTC') + toIntervalSecond(3)`,
    trace_id: 'lower(hex(MD5(toString(t))))',
    span_id: "substring(lower(hex(MD5(concat('s', toString(t * 2 + k))))), 1, 16)",
    parent_span_id: "if(k = 0, '', substring(lower(hex(MD5(concat('s', toString(t * 2))))), 1, 16))",
    is_root: 'k = 0',
    is_entry: 'k = 0',
    name: "if(k = 0, 'POST /v1/chat/completions', concat('chat ', m))",
    kind: "if(k = 0, 'server', 'client')",
    op: "if(k = 0, '', 'chat')",
    service: "'signalbox-proxy'",
    env: "'production'",
    source: "'gateway'",
    provider: "if(k = 0, '', multiIf(startsWith(m, 'gpt'), 'openai', startsWith(m, 'claude'), 'anthropic', 'local'))",
    model: "if(k = 0, '', m)",
    model_returned: "if(k = 0, '', concat(m, '-2025-10-01'))",
    deployment: `if(k = 0, '', if(m = 'gpt-4.1', ${pick(['azure-eu-1', 'azure-eu-2'], 12)}, multiIf(startsWith(m, 'gpt'), 'openai', startsWith(m, 'claude'), 'anthropic', 'local')))`,
    route: pick(['assistant', 'coder', '', 'extract'], 13, 1.4),
    reason: "if(k = 0, '', 'weight 0.6 of 1')",
    attempt: 'k',
    prompt_name: pick(['support-reply', 'digest', 'review-change', 'extract-fields', ''], 14, 1.3),
    prompt_version: "'12'",
    key_id: pick(['web', 'mobile', 'batch', 'intern'], 15, 1.5),
    user_id: `concat('user-', toString(toUInt32(pow(${uniform(16)}, 3) * 50000)))`,
    session_id: "concat('session-', toString(intDiv(t, 5)))",
    tags: `map('feature', ${pick(['helpdesk', 'search', 'digest', 'agent'], 17)}, 'region', ${pick(['eu-west', 'eu-central', 'us-east'], 18)}, 'app_version', ${pick(['4.17.2', '4.18.0', '4.18.1'], 19)})`,
    status: "if(bad, 'error', 'unset')",
    status_message: "if(bad, 'the provider answered 500', '')",
    error_type: 'if(bad, if(' + uniform(21) + " < 0.4, 'timeout', '500'), '')",
    http_status: 'if(bad, 500, 200)',
    outcome: "if(k = 1, '', if(bad, 'upstream_error', 'ok'))",
    finish_reason: "if(k = 0, '', 'stop')",
    cache: "'none'",
    stream: `${uniform(22)} < 0.7`,
    duration_ns: `toUInt64(exp(7.1 + 0.7 * ${normal(23)}) * 1e6)`,
    ttft_us: `toUInt64(exp(6.0 + 0.4 * ${normal(25)}) * 1e3)`,
    overhead_us: `if(k = 0, toUInt32(exp(5.8 + 0.3 * ${normal(27)})), 0)`,
    in_tok: `if(k = 0, 0, toUInt32(exp(6.2 + 0.9 * ${normal(29)})))`,
    in_cache_read: '0',
    in_cache_write: '0',
    out_tok: `if(k = 0, 0, toUInt32(exp(4.9 + 0.7 * ${normal(31)})))`,
    out_reasoning: '0',
    usage_source: "if(k = 0, 'none', 'provider')",
    cost_usd: `if(k = 0, 0, toDecimal64(exp(-7 + 0.9 * ${normal(33)}), 9))`,
    cost_known: "k = 1 AND m != 'llama-3.3-70b'",
    price_id: "if(k = 0, '', concat(m, '@genai-prices'))",
    tools_called: '[]',
    in_preview: `if(k = 0, '', ${words(18, 40)})`,
    out_preview: `if(k = 0, '', ${words(18, 41)})`,
    attrs: `map('server.address', 'api.example.com', 'signalbox.request.id', lower(hex(MD5(concat('r', toString(t))))), 'openai.response.system_fingerprint', 'fp_8a2b61f0c4')`,
    events: "'[]'",
    links: "'[]'",
  };
  return `INSERT INTO spans (${Object.keys(columns).join(', ')})
    WITH intDiv(number, 2) AS t, number % 2 AS k, ${model} AS m, ${failing} AS bad
    SELECT ${Object.values(columns).join(', ')} FROM numbers(${part.first}, ${part.count})`;
}

function ioOf(part: Part): string {
  const text = (role: string, count: number, salt: number) =>
    `concat('[{"role":"${role}","parts":[{"type":"text","content":"', ${words(count, salt)}, '"}]}]')`;
  const columns: Record<string, string> = {
    team: "'support'",
    ts: `${timeOf(part)} + toIntervalMicrosecond(350)`,
    trace_id: 'lower(hex(MD5(toString(t))))',
    span_id: "substring(lower(hex(MD5(concat('s', toString(t * 2 + 1))))), 1, 16)",
    input: `concat('{"system":[],"messages":', ${text('user', 60, 40)}, ',"tools":[]}')`,
    output: text('assistant', 40, 41),
    raw_request: "''",
    raw_response: "''",
    request_size: '900',
    response_size: '600',
  };
  return `INSERT INTO span_io (${Object.keys(columns).join(', ')})
    WITH number AS t SELECT ${Object.values(columns).join(', ')}
    FROM numbers(${Math.floor(part.first / 2)}, ${Math.floor(part.count / 2)})`;
}
