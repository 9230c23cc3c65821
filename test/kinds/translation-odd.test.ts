// The suite of the kind that translates, with odd input: whatever one dialect reads of it, every other writes or refuses in
// one way only; and whatever a stream holds, its events come in order and every encoder takes them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { CHATS } from '../../schemas/dialects/index.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked } from '../support/neutral.ts';
import { checkOrder, encode, folded } from '../support/round-trip.ts';

/** Names of the wire formats' fields and kinds, so that arbitrary JSON gets past the first look. */
const WORDS = (
  'contents parts text thought thoughtSignature inlineData mimeType data functionCall functionResponse name args id ' +
  'response output error candidates content index finishReason STOP usageMetadata groundingMetadata groundingChunks ' +
  'groundingSupports segment startIndex endIndex groundingChunkIndices web uri title promptTokenCount generationConfig ' +
  'thinkingConfig tools functionDeclarations parameters toolConfig messages role user assistant model system tool type ' +
  'tool_use tool_result tool_use_id input thinking signature image source base64 url document cache_control delta ' +
  'content_block_start content_block_delta content_block_stop message_start message_delta message_stop content_block ' +
  'stop_reason usage input_tokens output_tokens partial_json citation choices tool_calls function arguments item ' +
  'function_call response.output_item.added response.completed toolUse toolResult reasoningContent contentBlockIndex ' +
  'message done tool_name images __proto__ constructor toString'
).split(' ');

const word = fc.constantFrom(...WORDS);
const odd = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(word, fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(word, tie('value')), { maxLength: 6 })
      .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as unknown),
  ),
})).value;

const some = (...names: string[]) =>
  fc.record(Object.fromEntries(names.map((each) => [each, odd])), { requiredKeys: [] });
const typed = (kinds: readonly string[], rest: fc.Arbitrary<object>) =>
  fc.tuple(fc.constantFrom(...kinds), rest).map(([type, fields]) => ({ ...fields, type }));

const part = fc.oneof(
  odd,
  typed(
    [
      'text',
      'image',
      'document',
      'tool_use',
      'tool_result',
      'thinking',
      'redacted_thinking',
      'input_text',
      'image_url',
    ],
    some('text', 'source', 'id', 'tool_use_id', 'content', 'thinking', 'signature', 'data', 'input', 'image_url'),
  ),
  some('text', 'thought', 'thoughtSignature', 'inlineData', 'functionCall', 'functionResponse', 'fileData'),
  some('text', 'image', 'toolUse', 'toolResult', 'reasoningContent', 'cachePoint'),
);
const parts = fc.oneof(fc.array(part, { maxLength: 3 }), odd);
const message = fc.record(
  {
    role: fc.oneof(fc.constantFrom('user', 'assistant', 'system', 'tool', 'model'), odd),
    content: parts,
    parts,
    tool_calls: odd,
  },
  { requiredKeys: [] },
);
const messages = fc.array(message, { maxLength: 3 });
const settings = some(
  'system',
  'tools',
  'tool_choice',
  'toolConfig',
  'generationConfig',
  'thinking',
  'prompt',
  'options',
);
const request = fc
  .tuple(settings, fc.record({ messages, contents: messages, input: messages }, { requiredKeys: [] }))
  .map(([rest, said]) => ({ ...rest, ...said }));

const event = fc.oneof(
  odd,
  typed(
    ['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta'],
    fc.record(
      { index: fc.nat(2), content_block: part, delta: some('text', 'thinking', 'partial_json', 'stop_reason') },
      { requiredKeys: [] },
    ),
  ),
  fc.record({
    candidates: fc.array(
      fc.record(
        { content: fc.record({ parts }), index: fc.nat(1), finishReason: fc.constantFrom('STOP', '', 'OTHER') },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
  }),
  fc.record({ choices: fc.array(some('index', 'delta', 'finish_reason'), { maxLength: 2 }) }),
);

/** What may be refused may be refused in one way only. */
function orRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof Inexpressible, String(error instanceof Error ? error.stack : error));
    return undefined;
  }
}

for (const dialect of Object.values(CHATS)) {
  describe(dialect.id, () => {
    test('property: any request is read and written by every dialect, or refused with its place', () => {
      fc.assert(
        fc.property(fc.oneof(request, odd), fc.boolean(), (body, stream) => {
          const call = orRefused(() => dialect.readCall({ body, model: 'model-1', stream }));
          if (call === undefined) return;
          for (const other of Object.values(CHATS)) {
            JSON.stringify(orRefused(() => other.writeCall(call, { model: 'model-1', stream, quirks: {} })));
          }
        }),
        { numRuns: 600 },
      );
    });

    test('property: events of any stream come in order, and every dialect writes them', () => {
      fc.assert(
        fc.property(fc.array(event, { maxLength: 10 }), (given) => {
          const decoder = dialect.decoder();
          const events = given.flatMap((each) => decoder.push('', JSON.stringify(each)));
          checkOrder(events);
          const output = folded(events);
          for (const other of Object.values(CHATS)) {
            encode(other, events);
            JSON.stringify(other.writeOutput(output, asked(SMALL_CALL)));
          }
        }),
        { numRuns: 300 },
      );
    });
  });
}
