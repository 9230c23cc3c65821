// The suite of the kind that translates: every chat dialect with every other, by way of the neutral call.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { CHATS } from '../../schemas/dialects/index.ts';
import { Inexpressible } from '../../schemas/dialects/types.ts';
import type { ChatDialect } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked, call, interleaved, json, streamed } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';
import { checkOrder, decodeBytes, encode, folded, framed, wire } from '../support/round-trip.ts';

const DIALECTS: readonly ChatDialect[] = Object.values(CHATS);
const TARGET = { model: 'model-1', stream: false, quirks: {} };
const NO_TOOLS: ReadonlySet<string> = new Set(['openai_completions', 'ollama_generate', 'bedrock_invoke']);

/** Whatever all of them can say. */
const COMMON: Can = { settings: ['maxTokens', 'temperature', 'topP'] };
/** Whatever some of them can say. */
const ANYTHING: Can = {
  ...COMMON,
  systemAnywhere: true,
  developer: true,
  mixed: true,
  images: true,
  imageUrls: true,
  imageResults: true,
  documents: true,
  audio: true,
  reasoning: true,
  refusals: true,
  toolErrors: true,
  choices: 2,
  settings: [
    'maxTokens', 'temperature', 'topP', 'topK', 'minP', 'seed', 'stop', 'presencePenalty', 'frequencyPenalty',
    'logitBias', 'logprobs', 'topLogprobs', 'n', 'toolChoice', 'parallelTools', 'format', 'thinking', 'verbosity',
    'serviceTier', 'user', 'metadata', 'store', 'promptCacheKey',
  ],
}; // prettier-ignore

function refusedOr<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error;
    assert.notEqual(error.message, '');
    return undefined;
  }
}

for (const dialect of DIALECTS) {
  describe(dialect.id, () => {
    test('property: any call is written or refused, and what is written can be read', () => {
      fc.assert(
        fc.property(call(ANYTHING), (call) => {
          const written = refusedOr(() => dialect.writeCall(call, { ...TARGET, stream: call.stream }));
          if (written === undefined) return;
          const { model, stream } = call;
          const { messages } = dialect.readCall({ body: wire(written.body), model, stream });
          assert.ok(messages.length > 0);
        }),
      );
    });

    test('property: any JSON is read or refused', () => {
      const key = fc.constantFrom(
        'model',
        'messages',
        'contents',
        'input',
        'prompt',
        'system',
        'tools',
        'message',
        'max_tokens',
      );
      const odd = fc.array(fc.tuple(key, json), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
      fc.assert(
        fc.property(fc.oneof(odd, json), (body) => {
          refusedOr(() => dialect.readCall({ body, model: 'm', stream: false }));
        }),
      );
    });

    test('property: any answer can be written, whole and streamed, and its words come back', () => {
      fc.assert(
        fc.property(streamed({ ...ANYTHING, choices: 1 }), fc.boolean(), ({ output, events }, mixed) => {
          const words = (of: typeof output) =>
            of.messages
              .flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.content : '')))
              .join('');
          const whole = dialect.readOutput(wire(dialect.writeOutput(output, asked(SMALL_CALL))));
          const bytes = framed(dialect, encode(dialect, mixed ? interleaved(events) : events));
          const decoded = decodeBytes(dialect, bytes, 16);
          checkOrder(decoded);
          const read = folded(decoded);
          assert.equal(read.complete, true);
          for (const each of [whole, read]) {
            assert.equal(words(each), words(output));
            assert.deepEqual([each.usage?.input, each.usage?.output], [output.usage?.input, output.usage?.output]);
          }
        }),
        { numRuns: 60 },
      );
    });

    test('a stream that breaks off, or fails, is not complete', () => {
      fc.assert(
        fc.property(streamed(COMMON), ({ events }) => {
          const cut = decodeBytes(dialect, framed(dialect, encode(dialect, events.slice(0, -1))), 64);
          assert.equal(folded(cut).complete, false);
          const error = { type: 'error', error: { type: 'server_error', message: 'It broke.' } } as const;
          const failed = decodeBytes(
            dialect,
            framed(dialect, encode(dialect, [...events.slice(0, -1), error, { type: 'end' }])),
            64,
          );
          assert.equal(folded(failed).error?.message, 'It broke.');
        }),
        { numRuns: 30 },
      );
    });
  });
}

describe('from each to each', () => {
  for (const from of DIALECTS) {
    for (const to of DIALECTS) {
      const can: Can = NO_TOOLS.has(from.id) || NO_TOOLS.has(to.id) ? { ...COMMON, noTools: true } : COMMON;
      test(`${from.id} to ${to.id}: what was said is said`, () => {
        let passed = 0;
        const single = from.id === 'openai_completions' || to.id === 'openai_completions';
        const calls = single ? call(can).map((each) => ({ ...each, messages: each.messages.slice(-1) })) : call(can);
        fc.assert(
          fc.property(calls, (call) => {
            const first = refusedOr(() => from.writeCall(call, TARGET));
            if (first === undefined) return;
            const read = from.readCall({ body: wire(first.body), model: 'm', stream: false });
            const second = refusedOr(() => to.writeCall(read, TARGET));
            const body = second && JSON.stringify(second.body);
            if (body !== undefined) passed++;
            for (const message of call.messages) {
              for (const part of message.parts) {
                if (part.type !== 'text' || body === undefined) continue;
                assert.ok(body.includes(JSON.stringify(part.content).slice(1, -1)), part.content);
              }
            }
          }),
          { numRuns: 25 },
        );
        assert.ok(passed > 0, 'nothing could be passed on');
      });
    }
  }
});
