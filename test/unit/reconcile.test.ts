// Reports of providers, read from exports and from their APIs, held against the store of a running collector; and both
// commands from end to end.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { reconcileCommand, repriceCommand } from '../../collector/billing/commands.ts';
import { familyOf, reconcile } from '../../collector/billing/reconcile/compare.ts';
import { fetchReport, readCsv, readReport } from '../../collector/billing/reconcile/read.ts';
import { startCollector, type Collector } from '../../collector/main.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { createLogger } from '../../runtime/log.ts';
import type { UsageLine } from '../../schemas/api.ts';
import type { Config } from '../../schemas/config.ts';

const OPENAI_CSV = `start_time,end_time,start_time_iso,project_id,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens
1795132800,1795219200,2026-11-20T00:00:00+00:00,proj_1,4,gpt-4o-2024-08-06,4000,400,1024
1795219200,1795305600,2026-11-21T00:00:00+00:00,proj_1,2,"gpt-4o-2024-08-06",2000,200,0
1795219200,1795305600,2026-11-21T00:00:00+00:00,proj_1,7,gpt-5,700,70,0
`;

const ANTHROPIC_CSV = `usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed
2026-11-20,claude-haiku-4-5-20251001,key,Default,standard,≤ 200k,100,20,30,850,50,0,not_available,
`;

const OPENAI_COSTS = {
  object: 'page',
  data: [
    { object: 'bucket', start_time: 1_795_132_800, end_time: 1_795_219_200, results: [
      { object: 'organization.costs.result', amount: { value: 0.01, currency: 'usd' }, line_item: 'gpt-4o-2024-08-06, input' },
      { object: 'organization.costs.result', amount: { value: 0.004, currency: 'usd' }, line_item: 'gpt-4o-2024-08-06, output' },
      { object: 'organization.costs.result', amount: { value: 0.03, currency: 'usd' }, line_item: 'web search tool calls' },
    ] },
  ],
  has_more: false,
  next_page: null,
}; // prettier-ignore

const anthropicPage = (day: number, more: boolean) => ({
  data: [
    { starting_at: `2026-11-${day}T00:00:00Z`, ending_at: `2026-11-${day + 1}T00:00:00Z`, results: [
      { model: 'claude-haiku-4-5-20251001', uncached_input_tokens: 100, cache_creation: { ephemeral_1h_input_tokens: 30, ephemeral_5m_input_tokens: 20 }, cache_read_input_tokens: 850, output_tokens: 50, server_tool_use: { web_search_requests: 0 } },
    ] },
  ],
  has_more: more,
  next_page: more ? 'page_2' : null,
}); // prettier-ignore

const line = (day: string, model: string, given: Partial<UsageLine>): UsageLine => ({
  day, provider: 'openai', deployment: 'openai', model, calls: 1, in_tok: 0, in_cache_read: 0, in_cache_write: 0,
  out_tok: 0, out_reasoning: 0, cost_usd: null, cache_saved_usd: 0, unpriced: 0, unpriced_tok: 0, estimated: 0, ...given,
}); // prettier-ignore

describe('reports', () => {
  test('an export of OpenAI', () => {
    const { provider, rows } = readReport(OPENAI_CSV, 'usage.csv');
    assert.equal(provider, 'openai');
    assert.deepEqual(rows[0], { day: '2026-11-20', model: 'gpt-4o-2024-08-06', input: 4000, cacheRead: 1024, cacheWrite: 0, output: 400, requests: 4, usd: undefined }); // prettier-ignore
    assert.equal(rows.length, 3);
  });

  test('an export of Anthropic: cached tokens are part of the input', () => {
    const { provider, rows } = readReport(ANTHROPIC_CSV, 'usage.csv');
    assert.equal(provider, 'anthropic');
    assert.deepEqual(rows, [{ day: '2026-11-20', model: 'claude-haiku-4-5-20251001', input: 1000, cacheRead: 850, cacheWrite: 50, output: 50, requests: undefined, usd: undefined }]); // prettier-ignore
  });

  test('costs of OpenAI by line item', () => {
    const { rows } = readReport(JSON.stringify(OPENAI_COSTS), 'costs.json');
    assert.deepEqual(rows.map(({ model, usd }) => [model, usd]), [['gpt-4o-2024-08-06', 0.01], ['gpt-4o-2024-08-06', 0.004], ['', 0.03]]); // prettier-ignore
  });

  test('quotes, commas and empty cells of CSV', () => {
    assert.deepEqual(readCsv('A,b\r\n"x, ""y""",\r\n1,2\r\n'), [{ a: 'x, "y"', b: '' }, { a: '1', b: '2' }]); // prettier-ignore
    assert.deepEqual(readCsv('a,b'), []);
  });

  test('what is no report is refused with a sentence', () => {
    for (const text of ['', '{', '{}', '[]', 'a,b\n1,2', 'null', '{"data":[]}']) {
      assert.throws(() => readReport(text, 'x'), { name: 'ReportError' }, text);
    }
  });
});

describe('comparing', () => {
  test('snapshots are their model', () => {
    for (const name of ['gpt-4o-2024-08-06', 'GPT-4o', 'gpt-4o']) assert.equal(familyOf(name), 'gpt-4o');
    assert.equal(familyOf('claude-haiku-4-5-20251001'), 'claude-haiku-4-5');
    assert.equal(familyOf('claude-sonnet-4-5@20250929'), 'claude-sonnet-4-5');
  });

  test('gaps by day and model, each with what may explain it', () => {
    const { rows } = readReport(OPENAI_CSV, 'x');
    const found = reconcile('openai', [line('2026-11-20', 'gpt-4o', { in_tok: 4000, out_tok: 400 })], rows);
    assert.equal(found.agreeing, 1);
    assert.deepEqual(
      found.gaps.map(({ day, model, input, output }) => [day, model, input, output]),
      [['2026-11-21', 'gpt-4o', 2000, 200], ['2026-11-21', 'gpt-5', 700, 70]],
    ); // prettier-ignore
    assert.match(found.causes.join(), /no calls were seen here on 2026-11-21/);
    assert.deepEqual([found.total.input, found.total.output, found.total.usd], [2700, 270, undefined]);
  });

  test('other keys, unpriced calls, discounts, fees', () => {
    const costs = readReport(JSON.stringify(OPENAI_COSTS), 'x').rows;
    const usage = [{ day: '2026-11-20', model: 'gpt-4o', input: 4000, cacheRead: 0, cacheWrite: 0, output: 400, requests: 4, usd: undefined }]; // prettier-ignore
    const causes = (given: Partial<UsageLine>) =>
      reconcile('openai', [line('2026-11-20', 'gpt-4o', { in_tok: 4000, out_tok: 400, ...given })], [...usage, ...costs]).causes.join('; '); // prettier-ignore
    assert.match(causes({ cost_usd: 0.02 }), /tokens agree and money does not/);
    assert.match(causes({ cost_usd: null, unpriced: 1 }), /1 calls of gpt-4o have no price here/);
    assert.match(causes({ in_tok: 1000, cost_usd: 0.01 }), /calls that went past Signalbox/);
    assert.match(causes({ in_tok: 9000, estimated: 3, cost_usd: 0.014 }), /3 calls are counted by estimate/);
    assert.match(causes({ cost_usd: 0.014 }), /names no model for some of the money/);
  });
});

describe('from end to end', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-reconcile-'));
  const today = new Date().toISOString().slice(0, 10);
  let api: Server;
  let apiUrl: string;
  const seen: string[] = [];
  let collector: Collector;
  let config: Config;
  let printed = '';
  const print = (text: string) => void (printed += text);

  before(async () => {
    api = createServer((request, response) => {
      const key = request.headers['x-api-key'];
      seen.push(request.url ?? '');
      response.statusCode = key === 'sk-ant-admin-test' ? 200 : 401;
      const second = request.url?.includes('page=page_2') ?? false;
      const usage = request.url?.includes('usage_report') ?? false;
      response.end(JSON.stringify(usage ? anthropicPage(second ? 21 : 20, !second) : { data: [], has_more: false }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => api.once('listening', resolve));
    apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const base = defaultConfig();
    config = { ...base, collector: { ...base.collector, listen: '127.0.0.1:0', admin_key: 'an-admin-key' }, prices: { 'openai/own': { input: 10, output: 10 } } }; // prettier-ignore
    collector = await startCollector({ config, dataDir: dir, log: createLogger('test') });
    config = { ...config, collector: { ...config.collector, listen: new URL(collector.url).host } };
    await send('openai', 'gpt-4o', { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 100 });
    await send('openai', 'own', { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 0, 'signalbox.cost.total': 5, 'signalbox.cost.price_id': 'openai/own@old' }); // prettier-ignore
  });

  after(async () => {
    await collector.close();
    api.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function send(provider: string, model: string, attributes: Record<string, string | number>): Promise<void> {
    const all = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider, 'gen_ai.request.model': model, ...attributes }; // prettier-ignore
    const now = BigInt(Date.now()) * 1_000_000n;
    const span = {
      traceId: Buffer.from(`trace of ${model}`.padEnd(16, '.')).subarray(0, 16).toString('hex'), spanId: '00000000000000aa', name: `chat ${model}`, kind: 3,
      startTimeUnixNano: String(now), endTimeUnixNano: String(now + 1_000_000n),
      attributes: Object.entries(all).map(([key, value]) => ({ key, value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value } })),
    }; // prettier-ignore
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer an-admin-key' };
    const answer = await fetch(`${collector.url}/v1/traces`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200);
  }

  test('reprice: a dry run, then for good, then nothing is left to do', async () => {
    const run = async (dryRun: boolean) => {
      printed = '';
      await repriceCommand({ config, print }, { dryRun });
      return printed;
    };
    const dry = await run(true);
    assert.match(dry, /openai\/own +1 +1 +5\.00 +0\.010000 +-4\.99 /);
    assert.match(dry, /a dry run, nothing was changed/);
    assert.match(await run(false), /1 calls have a new cost/);
    assert.match(await run(false), /openai\/own +1 +0 +0\.010000 +0\.010000 +\+0\.00/);
  });

  test('reconcile a file', async () => {
    const file = join(dir, 'export.csv');
    writeFileSync(file, `start_time_iso,model,input_tokens,output_tokens,num_model_requests\n${today}T00:00:00Z,gpt-4o,1500,100,2\n`); // prettier-ignore
    printed = '';
    await reconcileCommand({ config, print }, { file, key: '' });
    assert.match(printed, new RegExp(`${today} +gpt-4o +1100 +1600 +500`));
    assert.match(printed, /calls that went past Signalbox/);
    await assert.rejects(
      reconcileCommand({ config, print }, { file: join(dir, 'none.csv'), key: '' }),
      /cannot be read/,
    );
  });

  test('the API of a provider, page after page, with its key', async () => {
    const asked = { provider: 'anthropic', url: apiUrl, from: new Date('2026-11-20'), to: new Date('2026-11-22') } as const; // prettier-ignore
    const { rows } = await fetchReport({ ...asked, key: 'sk-ant-admin-test' });
    assert.deepEqual(rows.map(({ day }) => day), ['2026-11-20', '2026-11-21']); // prettier-ignore
    assert.ok(seen[0]?.startsWith('/v1/organizations/usage_report/messages?starting_at=2026-11-20T00:00:00Z'));
    const wrong = fetchReport({ ...asked, key: 'sk-wrong-key' });
    await assert.rejects(wrong, (error: Error) => /401: it takes an admin key/.test(error.message) && !error.message.includes('sk-wrong')); // prettier-ignore
    await assert.rejects(fetchReport({ ...asked, url: 'http://127.0.0.1:1', key: 'x' }), /does not answer/);
    printed = '';
    await reconcileCommand(
      { config, print },
      { file: '', provider: 'anthropic', url: apiUrl, key: 'sk-ant-admin-test' },
    );
    assert.match(printed, /claude-haiku-4-5 +0 +1050 +1050/);
    await assert.rejects(
      reconcileCommand({ config, print }, { file: '', provider: 'anthropic', key: '' }),
      /ANTHROPIC_ADMIN_KEY/,
    );
  });

  test('a wrong key and a collector that is not there are sentences', async () => {
    const other = { ...config, collector: { ...config.collector, admin_key: 'another-admin-key' } };
    await assert.rejects(repriceCommand({ config: other, print }, { dryRun: true }), /the collector refuses: /);
    const gone = { ...config, collector: { ...config.collector, listen: '127.0.0.1:1' } };
    await assert.rejects(repriceCommand({ config: gone, print }, { dryRun: true }), /no collector answers/);
    await assert.rejects(
      repriceCommand({ config, print }, { dryRun: true, from: 'yesterday' }),
      /"from" must be a time/,
    );
  });
});
