// Tokens that no provider counted: as the tokenizer counts them, bounded on texts that would take it long, never over a
// provider's own numbers.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { createProcessors } from '../../collector/processors/index.ts';
import type { AttrValue, DecodedSpan } from '../../collector/receivers/model.ts';
import { loadTokenizer, tokenCounter } from '../../collector/tokens.ts';
import { ATTR, SCOPE_PROXY } from '../../schemas/attributes.ts';

before(loadTokenizer);

const process = createProcessors({
  prices: { 'openai/gpt-4o': { input: 1, output: 1 } },
  count: () => {},
  now: Date.now,
});
const QUESTION = 'What is the capital of France, and how many people live there?';
const ANSWER = 'Paris, with about two million people in the city itself.';

function span(attributes: Record<string, AttrValue>, scopeName = 'some-sdk'): DecodedSpan {
  const now = { us: Date.now() * 1000, ns: 0 };
  const all = { [ATTR.OPERATION]: 'chat', [ATTR.PROVIDER]: 'openai', [ATTR.REQUEST_MODEL]: 'gpt-4o', ...attributes };
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', parentSpanId: '', traceState: '', name: 'chat gpt-4o', kind: 3,
    start: now, end: now, attributes: new Map(Object.entries(all)), events: [], links: [], statusCode: 0, statusMessage: '',
    origin: { scopeName, scopeVersion: '', resource: new Map() },
  } as unknown as DecodedSpan;
} // prettier-ignore

const content = {
  [ATTR.INPUT_MESSAGES]: JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: QUESTION }] }]),
  [ATTR.OUTPUT_MESSAGES]: JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: ANSWER }] }]),
};

const captured = (request: object, response: object) => ({
  [ATTR.DIALECT]: 'openai_chat',
  [ATTR.CAPTURE_REQUEST]: Buffer.from(JSON.stringify(request)),
  [ATTR.CAPTURE_RESPONSE]: Buffer.from(JSON.stringify(response)),
});

test('a sender without usage: its texts are counted, and priced as an estimate', () => {
  const { row } = process(span(content));
  assert.equal(row.in_tok, countTokens(QUESTION) + 6);
  assert.equal(row.out_tok, countTokens(ANSWER));
  assert.deepEqual([row.usage_source, row.cost_known, row.price_id], ['estimated', true, 'openai/gpt-4o@config']);
  assert.equal(row.cost_usd, Math.round((row.in_tok + row.out_tok) * 1000) / 1e9);
});

test('what the proxy measured is counted again from its capture, and its cost with it', () => {
  const attributes = {
    ...captured({ messages: [{ role: 'user', content: QUESTION }] }, { choices: [{ message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }] }),
    [ATTR.INPUT_TOKENS]: 99, [ATTR.OUTPUT_TOKENS]: 98, [ATTR.USAGE_SOURCE]: 'estimated', [ATTR.COST_TOTAL]: 5, [ATTR.COST_PRICE_ID]: 'old',
  }; // prettier-ignore
  const { row } = process(span(attributes, SCOPE_PROXY));
  assert.deepEqual([row.in_tok, row.out_tok], [countTokens(QUESTION) + 6, countTokens(ANSWER)]);
  assert.deepEqual([row.usage_source, row.price_id], ['estimated', 'openai/gpt-4o@config']);
});

test('a capture that was cut, and none at all, leave the proxy’s measure', () => {
  const measured = { [ATTR.INPUT_TOKENS]: 99, [ATTR.OUTPUT_TOKENS]: 98, [ATTR.USAGE_SOURCE]: 'estimated' };
  const cut = { ...captured({ messages: [{ role: 'user', content: QUESTION }] }, { choices: [] }), [ATTR.CAPTURE_RESPONSE_SIZE]: 100_000 }; // prettier-ignore
  const broken = { ...captured({ messages: [{ role: 'user', content: QUESTION }] }, { choices: [] }), [ATTR.FINISH_REASONS]: ['error'] }; // prettier-ignore
  for (const attributes of [measured, { ...measured, ...cut }, { ...measured, ...broken }]) {
    const { row } = process(span(attributes, SCOPE_PROXY));
    assert.deepEqual([row.in_tok, row.out_tok, row.usage_source], [99, 98, 'estimated']);
  }
});

test('a provider’s own count is never touched, and a failed call is not billed', () => {
  const { row } = process(span({ ...content, [ATTR.INPUT_TOKENS]: 7, [ATTR.OUTPUT_TOKENS]: 3 }));
  assert.deepEqual([row.in_tok, row.out_tok, row.usage_source], [7, 3, 'provider']);
  const failed = process({ ...span(content), statusCode: 2 }).row;
  assert.deepEqual([failed.in_tok, failed.usage_source], [0, 'none']);
});

test('pictures are no letters', () => {
  const picture = { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'A'.repeat(100_000) };
  const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: QUESTION }, picture] }]);
  const { row } = process(span({ ...content, [ATTR.INPUT_MESSAGES]: messages }));
  assert.equal(row.in_tok, countTokens(QUESTION) + 6);
});

test('texts that a tokenizer hates, and more text than its budget, are measured', () => {
  const count = tokenCounter(() => 0);
  const spaces = count(' '.repeat(5_000_000));
  assert.ok(spaces > 0 && spaces < 5_000_000);
  assert.ok(count('<|endoftext|> is a text') > 4);
  for (let turn = 0; turn < 100; turn++) count('word '.repeat(20_000));
  assert.equal(count('word '.repeat(20_000)), 25_000, 'the budget of this moment is spent: four characters a token');
});
