// The way of a bill from a provider's answer to a row: units, tier, region and what was charged come through the proxy's
// spans and through those of other senders.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { createProcessors } from '../../collector/processors/index.ts';
import { readMigrations } from '../../collector/store/migrate.ts';
import { defaultConfig } from '../../runtime/config.ts';
import type { DecodedSpan } from '../../collector/receivers/model.ts';
import { endRecord } from '../../proxy/report/record.ts';
import { spansOf } from '../../proxy/report/spans.ts';
import { SCOPE_PROXY } from '../../schemas/attributes.ts';
import { PRICE_TABLE } from '../../schemas/price.ts';
import { isModelCall, type SpanRow } from '../../schemas/span.ts';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';

let answer: object = {};
const upstream = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
});
let proxy: TestProxy;
const process = createProcessors({ prices: {}, count: () => {}, now: Date.now });

before(async () => {
  upstream.listen(0, '127.0.0.1');
  await new Promise((resolve) => upstream.once('listening', resolve));
  const base_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  const provider = { base_url, api_key: 'sk-test-key' };
  proxy = await startTestProxy({ providers: { openai: provider, openrouter: provider, anthropic: { ...provider, base_url: base_url.replace('/v1', '') } } }); // prettier-ignore
});

after(async () => {
  await proxy.close();
  upstream.close();
});

/** Sends a call through the proxy and takes its span all the way to a row. */
async function rowOf(path: string, request: object, answered: object): Promise<SpanRow> {
  answer = answered;
  proxy.recorder.reset();
  const sent = await fetch(`${proxy.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) }); // prettier-ignore
  assert.equal(sent.status, 200, await sent.text());
  const exchange = await proxy.recorder.settled();
  const { traceId, clients } = spansOf(endRecord(exchange, undefined), undefined);
  const client = clients.at(-1);
  assert.ok(client);
  return decoded(client.attributes as Readonly<Record<string, string>>, traceId, client.spanId);
}

function decoded(attributes: Readonly<Record<string, string | number>>, traceId = '0af7651916cd43dd8448eb211c80319c', spanId = 'b7ad6b7169203331'): SpanRow {
  const now = { us: Date.now() * 1000, ns: 0 };
  const scopeName = 'signalbox.tag.x' in attributes ? '' : SCOPE_PROXY;
  return process({
    traceId, spanId, parentSpanId: 'b7ad6b7169203332', traceState: '', name: 'chat', kind: 3, start: now, end: now,
    attributes: new Map(Object.entries(attributes)), events: [], links: [], statusCode: 0, statusMessage: '',
    origin: { scopeName, scopeVersion: '', resource: new Map() },
  } as unknown as DecodedSpan).row;
} // prettier-ignore

const said = (usage: object, more: object = {}) => ({
  id: 'x',
  object: 'chat.completion',
  model: 'gpt-5-mini-2025-08-07',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage,
  ...more,
});
const ask = (model: string, more: object = {}) => ({ model, messages: [{ role: 'user', content: 'hi' }], ...more });

test('the tier that the answer names, and what the cache saved', async () => {
  const usage = { prompt_tokens: 4000, completion_tokens: 500, total_tokens: 4500, prompt_tokens_details: { cached_tokens: 1000 } }; // prettier-ignore
  const row = await rowOf('/v1/chat/completions', ask('openai/gpt-5-mini'), said(usage, { service_tier: 'flex' }));
  assert.equal(row.service_tier, 'flex');
  assert.equal(row.cost_usd, (3000 * 0.25 + 1000 * 0.025 + 500 * 2) / 2e6);
  assert.equal(row.price_id, `openai/gpt-5-mini@${PRICE_TABLE}+flex`);
  assert.equal(row.saved_usd, (1000 * 0.225) / 2e6);
  assert.equal(row.usage_source, 'provider');
});

test('the tier that was asked for, where the answer names none; not where it names another', async () => {
  const usage = { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 };
  const asked = ask('openai/gpt-5-mini', { service_tier: 'priority' });
  assert.equal((await rowOf('/v1/chat/completions', asked, said(usage))).cost_usd, 0.00045);
  const downgraded = await rowOf('/v1/chat/completions', asked, said(usage, { service_tier: 'default' }));
  assert.deepEqual([downgraded.service_tier, downgraded.cost_usd], ['', 0.00025]);
});

test('cache writes of an hour, searches and the region of Anthropic', async () => {
  const usage = {
    input_tokens: 100, output_tokens: 50, cache_read_input_tokens: 0, cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    server_tool_use: { web_search_requests: 2 }, inference_geo: 'us', service_tier: 'standard',
  }; // prettier-ignore
  const body = { id: 'm', type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [{ type: 'text', text: 'hello' }], stop_reason: 'end_turn', usage }; // prettier-ignore
  const row = await rowOf('/v1/messages', { ...ask('anthropic/claude-opus-5-5'), max_tokens: 100 }, body);
  assert.deepEqual(row.units, { cacheWrite1h: 20, searches: 2 });
  assert.deepEqual([row.in_tok, row.in_cache_write], [130, 30]);
  const tokens = ((100 * 4 + 10 * 5 + 20 * 8 + 50 * 20) * 1.1) / 1e6;
  assert.equal(row.cost_usd.toFixed(9), (tokens + 0.02).toFixed(9));
  assert.ok(row.price_id.endsWith('+us'));
});

test('what OpenRouter says it charged', async () => {
  const usage = { prompt_tokens: 194, completion_tokens: 2, total_tokens: 196, cost: 0.00095 };
  const row = await rowOf('/v1/chat/completions', ask('openrouter/openai/gpt-4o'), said(usage));
  assert.deepEqual([row.cost_usd, row.price_id], [0.00095, 'openrouter/openai/gpt-4o@provider']);
});

test('units and tiers of other senders', () => {
  const attributes = {
    'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-audio', 'signalbox.tag.x': 'y',
    'gen_ai.usage.input_tokens': 500, 'gen_ai.usage.output_tokens': 700, 'gen_ai.usage.audio.input_tokens': 400,
    'gen_ai.usage.audio.output_tokens': 600, 'openai.response.service_tier': 'batch',
  }; // prettier-ignore
  const row = decoded(attributes);
  assert.deepEqual(row.units, { audioInput: 400, audioOutput: 600 });
  assert.equal(row.service_tier, 'batch');
  assert.equal(row.attrs['openai.response.service_tier'], 'batch');
  assert.equal(row.cost_usd, (100 * 2.5 + 400 * 32 + 100 * 10 + 600 * 64) / 2e6);
});

test('what the store takes for a call of a model is what the code takes for one', () => {
  const migrations = readMigrations(join(import.meta.dirname, '../../schemas/sql'), defaultConfig().store.retention);
  const newest = migrations.flatMap(({ statements }) => statements).filter((text) => /is_call Bool MATERIALIZED/.test(text)).at(-1); // prettier-ignore
  const listed: readonly string[] =
    /is_call Bool MATERIALIZED\s+op IN \(([^)]*)\)/.exec(newest ?? '')?.[1]?.match(/\w+/g) ?? [];
  assert.ok(listed.length > 5 && listed.every((op) => isModelCall({ op, kind: 'client' })));
  for (const op of ['chat', 'image', 'realtime', 'execute_tool', 'file', '']) {
    assert.equal(listed.includes(op), isModelCall({ op, kind: 'client' }), op);
  }
});

test('impossible parts of a usage never make a row that says more than its whole', () => {
  for (const [input, read, write, output, reasoning] of [[10, 8, 8, 5, 9], [0, 4_294_967_295, 7, 0, 1], [5, 0, 9, 3, 3]] as const) {
    const row = decoded({
      'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.cache_read.input_tokens': read,
      'gen_ai.usage.cache_write.input_tokens': write, 'gen_ai.usage.output_tokens': output, 'gen_ai.usage.reasoning.output_tokens': reasoning,
      'gen_ai.usage.audio.input_tokens': -3, 'signalbox.usage.searches': 1e12,
    });
    assert.ok(row.in_cache_read + row.in_cache_write <= row.in_tok && row.out_reasoning <= row.out_tok, JSON.stringify(row));
    assert.ok(row.in_tok <= 4_294_967_295);
    assert.deepEqual(row.units, {});
  }
}); // prettier-ignore
