import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  beginRecord,
  decodeBegin,
  decodeEnd,
  encodeRecord,
  endRecord,
  paramsOf,
  peekSpanId,
} from '../../proxy/report/record.ts';
import { crashedSpans, spansOf } from '../../proxy/report/spans.ts';
import type { Exchange } from '../../proxy/exchange.ts';
import { START_US, attempt, exchange, reading } from '../support/report.ts';

const spans = (over: Partial<Exchange> = {}) => spansOf(endRecord(exchange(over), undefined), undefined);

test('records come back as they were', () => {
  const streamed = exchange({
    json: { temperature: 0.5, stream: true },
    tags: { 'strange "tag"': 'välue\n🎉' },
    parentSpanId: '1111111111111111',
    attempts: [attempt({ errorType: '500', cost: undefined, reading: reading({ usage: undefined }) }), attempt()],
  });
  const capture = { requestSize: 7, responseSize: 9, payload: { at: { segment: 3, offset: 99 }, requestBytes: 7 } };
  const end = endRecord(streamed, capture);
  assert.deepEqual(decodeEnd(encodeRecord(end)), JSON.parse(JSON.stringify(end)));
  assert.equal(decodeEnd(encodeRecord(end))?.tags['strange "tag"'], 'välue\n🎉');
  const begin = beginRecord(streamed);
  assert.deepEqual(decodeBegin(encodeRecord(begin)), begin);
  assert.equal(peekSpanId(encodeRecord(begin)), begin.spanId);
});

test('what is no record is none', () => {
  for (const text of ['', '{', 'null', '[]', '{"traceId":"x"}', '{"traceId":1,"spanId":2,"startUs":3}']) {
    assert.equal(decodeBegin(Buffer.from(text)), undefined);
    assert.equal(decodeEnd(Buffer.from(text)), undefined);
  }
  assert.equal(decodeEnd(encodeRecord(beginRecord(exchange()))), undefined);
});

test('texts from outside are bounded', () => {
  const long = 'x'.repeat(100_000);
  const record = endRecord(
    exchange(
      {
        path: `/${long}`,
        modelAsked: long,
        userId: long,
        attempts: [attempt({ errorMessage: long, reading: reading({ model: long, id: long }) })],
      },
      { 'user-agent': long },
    ),
    undefined,
  );
  assert.ok(encodeRecord(record).length < 8000);
});

test('the parameters of a call are read under the names of every dialect', () => {
  assert.deepEqual(
    JSON.parse(
      JSON.stringify(
        paramsOf({
          temperature: 0.2,
          top_p: 0.9,
          max_completion_tokens: 100,
          max_tokens: 5,
          seed: 7,
          n: 2,
          reasoning_effort: 'low',
          response_format: { type: 'json_schema' },
        }),
      ),
    ),
    { temperature: 0.2, topP: 0.9, maxTokens: 100, seed: 7, choices: 2, reasoning: 'low', outputType: 'json' },
  );
  assert.deepEqual(
    JSON.parse(
      JSON.stringify(
        paramsOf({
          max_output_tokens: 50,
          reasoning: { effort: 'high' },
          text: { format: { type: 'text' } },
          conversation: { id: 'c1' },
        }),
      ),
    ),
    { maxTokens: 50, reasoning: 'high', outputType: 'text', conversation: 'c1' },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(paramsOf({ max_tokens: 10, output_config: { effort: 'max' } }))), {
    maxTokens: 10,
    reasoning: 'max',
  });
  assert.deepEqual(JSON.parse(JSON.stringify(paramsOf({ temperature: 'hot', n: null, reasoning: 3 }))), {});
});

test('a good call: one SERVER span, one CLIENT span', () => {
  const bodies = { request: Buffer.from('{"q":1}'), response: Buffer.from('{"a":2}') };
  const capture = { requestSize: 7, responseSize: 7, payload: { at: { segment: 1, offset: 8 }, requestBytes: 7 } };
  const record = endRecord(exchange({ json: { temperature: 1 }, promptName: 'greet', promptVersion: '3' }), capture);
  const found = spansOf(record, bodies);
  const common = {
    'signalbox.request.id': 'req_1',
    'signalbox.key.id': 'search-key',
    'signalbox.team': 'search',
    'user.id': 'u1',
    'session.id': 's1',
    'signalbox.dialect': 'openai_chat',
    'signalbox.request.model': 'assistant',
    'signalbox.tag.feature': 'search',
    'signalbox.route.name': 'assistant',
    'signalbox.route.strategy': 'weighted',
    'signalbox.route.reason': 'weight 3 of 4',
    'http.response.status_code': 200,
  };
  assert.deepEqual(found, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: '',
    traceState: '',
    server: {
      kind: 'server',
      name: 'POST /v1/chat/completions',
      spanId: 'b7ad6b7169203331',
      startUs: START_US,
      endUs: START_US + 500_000,
      error: undefined,
      attributes: {
        ...common,
        'http.request.method': 'POST',
        'http.route': '/v1/chat/completions',
        'url.path': '/v1/chat/completions',
        'client.address': '127.0.0.1',
        'user_agent.original': 'openai-node/7',
        'signalbox.outcome': 'ok',
        'signalbox.attempt.count': 1,
        'signalbox.request.cost': 0.003,
        'signalbox.overhead_us': 210,
      },
    },
    clients: [
      {
        kind: 'client',
        name: 'chat gpt-5-mini',
        spanId: '00f067aa0ba902b7',
        startUs: START_US + 150,
        endUs: START_US + 499_000,
        error: undefined,
        attributes: {
          ...common,
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'gpt-5-mini',
          'gen_ai.request.temperature': 1,
          'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
          'gen_ai.response.id': 'chatcmpl-1',
          'gen_ai.response.finish_reasons': ['stop'],
          'gen_ai.prompt.name': 'greet',
          'gen_ai.prompt.version': '3',
          'gen_ai.usage.input_tokens': 400,
          'gen_ai.usage.output_tokens': 60,
          'gen_ai.usage.cache_read.input_tokens': 100,
          'gen_ai.usage.reasoning.output_tokens': 20,
          'openai.api.type': 'chat_completions',
          'openai.response.system_fingerprint': 'fp_1',
          'openai.response.service_tier': 'default',
          'server.address': 'api.openai.com',
          'server.port': 443,
          'signalbox.deployment': 'openai',
          'signalbox.attempt.index': 1,
          'signalbox.attempt.reason': 'weight 3 of 4',
          'signalbox.upstream.request_id': 'req_upstream',
          'signalbox.usage.source': 'provider',
          'signalbox.cost.total': 0.003,
          'signalbox.cost.input': 0.001,
          'signalbox.cost.output': 0.002,
          'signalbox.cost.source': 'list',
          'signalbox.cost.price_id': 'openai/gpt-5-mini@1',
          'signalbox.capture.request': bodies.request,
          'signalbox.capture.response': bodies.response,
          'signalbox.capture.request_size': 7,
          'signalbox.capture.response_size': 7,
        },
      },
    ],
  });
});

test('tokens and cost never stand on the SERVER span under names that are summed', () => {
  for (const name of Object.keys(spans().server.attributes)) {
    assert.ok(!name.startsWith('gen_ai.') && !name.startsWith('signalbox.cost.'), name);
  }
});

test('a stream has its time to first token in seconds, its chunks, and says that it streamed', () => {
  const first = reading({ firstTokenUs: START_US + 250_150, chunks: 12 });
  const { attributes } = spans({ stream: true, attempts: [attempt({ reading: first })] }).clients[0] ?? assert.fail();
  assert.equal(attributes['gen_ai.response.time_to_first_chunk'], 0.25);
  assert.equal(attributes['signalbox.stream.chunks'], 12);
  assert.equal(attributes['gen_ai.request.stream'], true);
});

test('a failed attempt is an error, the request that a fallback saved is not', () => {
  const failed = attempt({
    httpStatus: 503,
    errorType: '503',
    errorMessage: 'overloaded',
    cost: undefined,
    reading: reading({ usage: undefined, usageSource: 'none', finishReasons: [], complete: false, model: '', id: '' }),
  });
  const second = attempt({ index: 2, spanId: '3333333333333333' });
  const { server, clients } = spans({ attempts: [failed, second] });
  assert.equal(server.error, undefined);
  assert.deepEqual(
    clients.map(({ error }) => error),
    ['overloaded', undefined],
  );
  const [first] = clients;
  assert.equal(first?.attributes['error.type'], '503');
  assert.equal(first?.attributes['signalbox.cost.source'], 'unpriced');
  assert.equal(first?.attributes['signalbox.usage.source'], 'none');
  assert.deepEqual(first?.attributes['gen_ai.response.finish_reasons'], ['error']);
  assert.ok(
    !('signalbox.cost.total' in (first?.attributes ?? {})) &&
      !('gen_ai.usage.input_tokens' in (first?.attributes ?? {})),
  );
  assert.equal(server.attributes['signalbox.attempt.count'], 2);
});

test('the status of the SERVER span follows what the caller got', () => {
  const cases: [Partial<Exchange>, boolean][] = [
    [{ outcome: 'ok', httpStatus: 200 }, false],
    [{ outcome: 'refused', httpStatus: 401, errorType: 'unauthorized', attempts: [] }, false],
    [{ outcome: 'refused', httpStatus: 503, errorType: 'overload', attempts: [] }, true],
    [{ outcome: 'upstream_error', httpStatus: 400, errorType: '400' }, false],
    [{ outcome: 'upstream_error', httpStatus: 429, errorType: '429' }, false],
    [{ outcome: 'upstream_error', httpStatus: 502, errorType: 'connect' }, true],
    [{ outcome: 'upstream_error', httpStatus: 200, errorType: 'server_error' }, true],
    [{ outcome: 'truncated', httpStatus: 200, errorType: 'truncated' }, true],
    [{ outcome: 'client_cancelled', httpStatus: 0, errorType: 'cancelled' }, false],
    [{ outcome: 'gateway_error', httpStatus: 500, errorType: 'internal' }, true],
  ];
  for (const [over, isError] of cases) {
    const { server } = spans(over);
    assert.equal(server.error !== undefined, isError, `${over.outcome} ${over.httpStatus}`);
    assert.equal(server.attributes['signalbox.outcome'], over.outcome);
    if (over.errorType) assert.equal(server.attributes['error.type'], over.errorType);
  }
});

test('a call that its caller gave up is no error of the provider', () => {
  const [client] = spans({ outcome: 'client_cancelled', attempts: [attempt({ errorType: 'cancelled' })] }).clients;
  assert.equal(client?.error, undefined);
  assert.equal(client?.attributes['error.type'], 'cancelled');
});

test('passthrough has no GenAI operation', () => {
  const target = { deployment: 'local', model: '' };
  const [client] = spans({ operation: 'passthrough', dialect: '', attempts: [attempt({ target })] }).clients;
  assert.equal(client?.name, 'passthrough local');
  assert.ok(!('gen_ai.operation.name' in (client?.attributes ?? {})));
});

test('a crash is a SERVER span that ends when the worker was last seen, never before it began', () => {
  const begin = beginRecord(exchange({ parentSpanId: '1111111111111111', traceState: 'a=b' }));
  const { server, clients, parentSpanId, traceState } = crashedSpans(begin, START_US + 42);
  assert.equal(clients.length, 0);
  assert.equal(parentSpanId, '1111111111111111');
  assert.equal(traceState, 'a=b');
  assert.equal(server.endUs, START_US + 42);
  assert.ok(server.error);
  assert.equal(server.attributes['signalbox.outcome'], 'crashed');
  assert.equal(server.attributes['signalbox.team'], 'search');
  assert.equal(crashedSpans(begin, 5).server.endUs, START_US);
});

test('half a surrogate pair does not get as far as a span', () => {
  const found = spans({ userId: 'x\ud83d', attempts: [attempt({ target: { deployment: 'd', model: '\ude00m' } })] });
  assert.equal(found.server.attributes['user.id'], 'x\ufffd');
  assert.equal(found.clients[0]?.name, 'chat \ufffdm');
});
