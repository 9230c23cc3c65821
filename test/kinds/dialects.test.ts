// The suite of the kind: what every dialect in the registry must do, whatever it is sent.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DIALECT_IDS } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { sseBytes, readStream } from '../support/sse.ts';
import type { CallOutput, Usage } from '../../schemas/call.ts';

/** Words of the wire formats, so that arbitrary JSON gets past the first look. */
const WORDS = (
  'choices message messages delta content role tool_calls function arguments index id name type usage output input ' +
  'item output_index response text thinking content_block tool_use message_start content_block_delta message_delta ' +
  'response.output_text.delta response.completed response.output_item.added error prompt_tokens input_tokens ' +
  'completion_tokens output_tokens total_tokens data embedding source __proto__ constructor toString ' +
  'messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop metadata contentBlockIndex start toolUse ' +
  'toolResult reasoningContent redactedContent cachePoint image document format bytes chunk generation inputText system ' +
  'throttlingException tool_plan citations sources content-delta tool-call-start message-end billed_units embeddings ' +
  'float prompt images thinking done options tools toolConfig inputTokens'
).split(' ');

const word = fc.constantFrom(...WORDS);
const odd = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(word, fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(word, tie('value')), { maxLength: 6 })
      .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as unknown),
  ),
})).value;

function checkOutput(output: CallOutput): void {
  assert.equal(typeof output.model, 'string');
  assert.equal(typeof output.id, 'string');
  assert.equal(typeof output.complete, 'boolean');
  for (const message of output.messages) {
    assert.equal(typeof message.finish_reason, 'string');
    for (const part of message.parts) assert.equal(typeof part.type, 'string');
  }
  if (output.error !== undefined) assert.equal(typeof output.error.message, 'string');
  checkUsage(output.usage);
  JSON.stringify(output);
}

function checkUsage(usage: Usage | undefined): void {
  if (usage === undefined) return;
  const { units, input, cacheRead, cacheWrite, output, reasoning } = usage;
  const counts = [input, cacheRead, cacheWrite, output, reasoning, ...Object.values(units ?? {})];
  for (const number of counts) assert.ok(Number.isInteger(number) && number >= 0 && number <= 3e9);
  assert.ok(usage.cacheRead + usage.cacheWrite <= usage.input);
  assert.ok(usage.reasoning <= usage.output);
}

for (const id of DIALECT_IDS.filter((each) => each in DIALECTS)) {
  describe(id, () => {
    const reader = DIALECTS[id];

    test('is registered under its own name', () => assert.equal(reader.id, id));

    test('property: no JSON makes it throw, and what comes out is well formed', () => {
      fc.assert(
        fc.property(odd, (value) => {
          for (const message of reader.readInput(value).messages) {
            for (const part of message.parts) assert.equal(typeof part.type, 'string');
          }
          checkOutput(reader.readOutput(value));
          checkUsage(reader.readUsage(value));
        }),
        { numRuns: 2000 },
      );
    });

    test('property: no stream makes it throw, at any point of it', () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.oneof(word, fc.constant('')), odd), { maxLength: 12 }), (events) => {
          const stream = reader.stream();
          for (const [event, data] of events) {
            stream.push(event, typeof data === 'string' ? data : JSON.stringify(data));
            checkOutput(stream.output());
          }
        }),
        { numRuns: 500 },
      );
    });

    test('an empty stream is an incomplete answer of nothing', () => {
      const output = readStream(id, []);
      assert.deepEqual([output.complete, output.usage, output.error], [false, undefined, undefined]);
    });

    test('a long stream and a deep answer are read in linear time', () => {
      const pieces: Readonly<Record<string, unknown>> = {
        openai_chat: { choices: [{ index: 0, delta: { content: 'word ' } }] },
        openai_responses: { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'word ' },
        anthropic: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word ' } },
        gemini: { candidates: [{ content: { parts: [{ text: 'word ' }] } }] },
        ollama_chat: { message: { content: 'word ' } },
        ollama_generate: { response: 'word ' },
        cohere: { type: 'content-delta', index: 0, delta: { message: { content: { text: 'word ' } } } },
      };
      const piece = pieces[id];
      const output = readStream(id, [sseBytes(Array.from({ length: 100_000 }, () => piece ?? {}))]);
      const [part] = output.messages[0]?.parts ?? [];
      if (piece !== undefined) assert.equal(part?.type === 'text' && part.content.length, 500_000);
      let deep: unknown = {};
      for (let level = 0; level < 2000; level++) deep = { content: [deep], messages: [deep], error: deep };
      reader.readInput(deep);
      reader.readOutput(deep);
    });
  });
}

describe('openai_embeddings', () => {
  const { readInput, readOutput } = DIALECTS.openai_embeddings;
  const parts = (input: unknown) => readInput({ model: 'm', input }).messages.flatMap((message) => message.parts);

  test('texts and token lists', () => {
    assert.deepEqual(parts('a'), [{ type: 'text', content: 'a' }]);
    assert.deepEqual(parts(['a', 'b']), [
      { type: 'text', content: 'a' },
      { type: 'text', content: 'b' },
    ]);
    assert.deepEqual(parts([1, 2]), [{ type: 'generic', generic_type: 'tokens', content: [1, 2] }]);
    assert.deepEqual(parts([[1], [2]]).length, 2);
    assert.deepEqual(parts(undefined), []);
  });

  test('the vectors stay out, the usage is input alone', () => {
    const body = {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    };
    assert.deepEqual(readOutput(body), {
      messages: [],
      usage: { input: 8, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
      model: 'text-embedding-3-small',
      id: '',
      complete: true,
      error: undefined,
    });
  });
});
