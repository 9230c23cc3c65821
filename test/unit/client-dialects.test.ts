// Spans of other people's instrumentations end in our columns, with their kind, cost and conversation, and keep what
// they said in their own words.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ATTRIBUTE_DIALECTS } from '../../collector/processors/dialects/index.ts';
import { createProcessors } from '../../collector/processors/index.ts';
import * as json from '../../collector/receivers/otlp-json.ts';
import { otlpAttributes, otlpRequest, otlpSpan } from '../support/ingest.ts';
import { PAGE, instrumentationsPage } from '../support/instrumentations-page.ts';
import { INSTRUMENTED, type Instrumented } from '../support/instrumented.ts';

const toItem = createProcessors({
  prices: {},
  count: (reason) => assert.notEqual(reason, 'processor_failed'),
  now: Date.now,
});

function itemOf({ attributes, scope = 'test', kind = 3, name }: Omit<Instrumented, 'row' | 'dialect'>) {
  const span = otlpSpan({ kind, name, attributes: otlpAttributes(attributes) });
  const [decoded] = json.decodeTraces(Buffer.from(JSON.stringify(otlpRequest([span], scope))));
  assert.ok(decoded);
  return toItem(decoded);
}

const isContent = (key: string): boolean =>
  ATTRIBUTE_DIALECTS.some(({ input = [], output = [], content = [] }) =>
    [...input, ...output, ...content].some((each) => (typeof each === 'string' ? each === key : each.test(key))),
  );

for (const each of INSTRUMENTED) {
  test(`${each.dialect}: ${each.name}`, () => {
    const { row, io } = itemOf(each);
    const expected = each.row;
    const got = Object.fromEntries(Object.keys(expected).map((key) => [key, row[key as keyof typeof row]]));
    assert.deepEqual(got, expected);
    if (each.says) assert.deepEqual([row.in_preview, row.out_preview], each.says);
    for (const key of Object.keys(each.attributes)) {
      if (isContent(key)) assert.ok(io && !(key in row.attrs), `${key} is kept as payload`);
    }
  });
}

test('every dialect has a golden row', () => {
  const covered = new Set(INSTRUMENTED.map(({ dialect }) => dialect));
  const without = ATTRIBUTE_DIALECTS.filter(({ id }) => !covered.has(id) && id !== 'vercel');
  assert.deepEqual(without, []);
});

test('raw attributes stay beside what they became', () => {
  const { row } = itemOf({
    name: 'x',
    attributes: { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 7, 'llm.provider': 'mistralai' },
  });
  assert.equal(row.in_tok, 7);
  assert.equal(row.provider, 'mistral_ai');
  assert.equal(row.attrs['llm.token_count.prompt'], '7');
  assert.equal(row.attrs['llm.provider'], 'mistralai');
});

test('everyday names mean nothing without the mark of their dialect', () => {
  const attributes = {
    events: 'opening',
    'input.value': '5',
    metadata: '{"a":"b"}',
    final_result: 'won',
    tool_response: 'x',
  };
  const { row, io } = itemOf({ name: 'a plain span', kind: 1, attributes });
  assert.deepEqual(row.attrs, attributes);
  assert.deepEqual(row.tags, {});
  assert.equal(row.op, '');
  assert.equal(io, undefined);
});

test("the conventions' own words win over a sender's, which win over older ones in the order of trust", () => {
  const { row } = itemOf({
    name: 'x',
    attributes: {
      'gen_ai.usage.input_tokens': 3,
      'llm.usage.prompt_tokens': 4,
      'langfuse.observation.usage_details': '{"input":5}',
      'gen_ai.operation.name': 'embeddings',
      'langfuse.observation.type': 'generation',
      'traceloop.span.kind': 'workflow',
    },
  });
  assert.deepEqual([row.in_tok, row.op], [3, 'embeddings']);
});

test('hostile and broken values of other dialects neither throw nor cost the span', () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const odd: Record<string, unknown>[] = [
    { 'openinference.span.kind': 'LLM', 'llm.input_messages.0.message.role': deep, 'llm.input_messages.0.message': 1 },
    { 'openinference.span.kind': 'LLM', 'llm.input_messages.__proto__.message.role': 'user', 'input.value': deep },
    { 'openinference.span.kind': 7, metadata: '["a",{"b":1}]', 'tag.tags': 'not a list' },
    { 'gen_ai.prompt.99999.content': 'last', 'gen_ai.prompt.0': 'first', 'gen_ai.prompt.0.role': 'user' },
    { 'langfuse.observation.usage_details': '[1,2', 'langfuse.observation.input': '{"messages":[null,5]}' },
    {
      'mlflow.spanInputs': '{"messages":{"0":1}}',
      'mlflow.chat.tokenUsage': 'null',
      'mlflow.spanOutputs': '{"choices":[null]}',
    },
    {
      'ai.operationId': 'ai.generateText',
      'ai.prompt': deep,
      'ai.response.toolCalls': '[1,null]',
      'ai.prompt.messages': '[{"role":1}]',
    },
    { 'haystack.component.type': 5, 'haystack.component.output': '{"replies":{"0":{"meta":[]}}}' },
    {
      'logfire.msg': 1,
      events: '[{"event.name":"gen_ai.choice"},7]',
      model_request_parameters: '{"function_tools":[{}]}',
    },
    {
      'traceloop.entity.output': '{"generations":[[null]],"choices":7}',
      'traceloop.entity.input': '{"prompt":["a",["b"]]}',
    },
  ];
  for (const attributes of odd) {
    const { row } = itemOf({ name: 'odd', attributes });
    assert.equal(row.name, 'odd');
  }
  assert.equal(({} as Record<string, unknown>)['message'], undefined);
});

test('the page about instrumentations is made from the tables as they are', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), instrumentationsPage(), 'run node test/support/instrumentations-page.ts');
});
