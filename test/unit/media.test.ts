// What images, audio, rerank and batches used, out of recorded answers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { addUsage, MEDIA, readDetailedUsage } from '../../schemas/media/index.ts';
import { MEDIA_KINDS } from '../../schemas/media/types.ts';

const NOTHING = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

describe('images', () => {
  test('a model billed by the token', () => {
    const usage = {
      total_tokens: 4_170,
      input_tokens: 10,
      output_tokens: 4_160,
      input_tokens_details: { text_tokens: 10, image_tokens: 0 },
    };
    assert.deepEqual(MEDIA.image.read({}, { created: 1, data: [{ b64_json: 'x' }], usage }), {
      usage: { ...NOTHING, input: 10, output: 4_160, units: { imageOutput: 4_160 } },
      source: 'provider',
    });
  });

  test('a model billed by the image', () => {
    const read = MEDIA.image.read({ n: 2 }, { created: 1, data: [{ url: 'a' }, { url: 'b' }] });
    assert.deepEqual(read, { usage: { ...NOTHING, units: { images: 2 } }, source: 'provider' });
  });
});

describe('audio', () => {
  test('a transcription billed by tokens', () => {
    const usage = {
      type: 'tokens',
      total_tokens: 101,
      input_tokens: 14,
      input_token_details: { text_tokens: 0, audio_tokens: 14 },
      output_tokens: 87,
    };
    const read = MEDIA.transcription.read({}, { text: 'hello', usage });
    assert.deepEqual(read?.usage, { ...NOTHING, input: 14, output: 87, units: { audioInput: 14 } });
  });

  test('a transcription billed by the second, as whole seconds', () => {
    const seconds = (answer: unknown) => MEDIA.transcription.read({}, answer)?.usage.units;
    assert.deepEqual(seconds({ text: 'x', usage: { type: 'duration', seconds: 9 } }), { seconds: 9 });
    assert.deepEqual(seconds({ text: 'x', duration: 8.47 }), { seconds: 9 });
    assert.equal(seconds({ text: 'x' }), undefined);
  });

  test('speech: characters as people count them, marked as ours', () => {
    assert.deepEqual(MEDIA.speech.read({ input: 'Zürich 🦊' }, undefined), {
      usage: { ...NOTHING, units: { characters: 8 } },
      source: 'estimated',
    });
    const usage = { input_tokens: 14, output_tokens: 101, total_tokens: 115 };
    assert.deepEqual(MEDIA.speech.read({ input: 'x' }, { usage })?.usage.units, { audioOutput: 101 });
  });

  test('realtime: audio and text, cached and not', () => {
    const usage = {
      total_tokens: 253,
      input_tokens: 132,
      output_tokens: 121,
      input_token_details: {
        text_tokens: 119,
        audio_tokens: 13,
        image_tokens: 0,
        cached_tokens: 64,
        cached_tokens_details: { text_tokens: 60, audio_tokens: 4, image_tokens: 0 },
      },
      output_token_details: { text_tokens: 30, audio_tokens: 91 },
    };
    const read = readDetailedUsage(usage);
    assert.deepEqual(read, {
      ...NOTHING,
      input: 132,
      cacheRead: 64,
      output: 121,
      units: { audioInput: 13, audioCacheRead: 4, audioOutput: 91 },
    });
    assert.ok(read);
    assert.deepEqual(addUsage(addUsage(undefined, read), read), {
      ...NOTHING,
      input: 264,
      cacheRead: 128,
      output: 242,
      units: { audioInput: 26, audioCacheRead: 8, audioOutput: 182 },
    });
  });
});

describe('rerank', () => {
  test('by search units, or by tokens', () => {
    const cohere = { results: [], meta: { billed_units: { search_units: 2 } } };
    assert.deepEqual(MEDIA.rerank.read({}, cohere)?.usage.units, { searches: 2 });
    assert.equal(MEDIA.rerank.read({}, { results: [], usage: { total_tokens: 815 } })?.usage.input, 815);
  });
});

describe('batches', () => {
  const batch = {
    id: 'batch_1',
    object: 'batch',
    model: 'gpt-5-mini-2025-08-07',
    usage: {
      input_tokens: 1_000,
      input_tokens_details: { cached_tokens: 200 },
      output_tokens: 300,
      output_tokens_details: { reasoning_tokens: 100 },
      total_tokens: 1_300,
    },
  };

  test('one that is over is billed at the batch tier, once', () => {
    assert.deepEqual(MEDIA.batch.read({}, { ...batch, status: 'completed' }), {
      usage: { input: 1_000, cacheRead: 200, cacheWrite: 0, output: 300, reasoning: 100 },
      source: 'provider',
      model: 'gpt-5-mini-2025-08-07',
      serviceTier: 'batch',
      once: 'batch_1',
    });
  });

  test('one that runs has no bill yet; one that used nothing has none', () => {
    assert.equal(MEDIA.batch.read({}, { ...batch, status: 'in_progress' }), undefined);
    const nothing = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
    assert.equal(MEDIA.batch.read({}, { ...batch, status: 'failed', usage: nothing }), undefined);
  });
});

test('property: no answer makes a reader throw, and no unit is more than its whole', () => {
  const value = fc.anything({
    key: fc.constantFrom('usage', 'data', 'input_tokens', 'output_tokens', 'input_token_details', 'audio_tokens', 'meta', 'seconds', 'cached_tokens'),
  }); // prettier-ignore
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('input', 'n'), value), value, (asked, answer) => {
      for (const kind of MEDIA_KINDS) {
        const usage = MEDIA[kind].read(asked, answer)?.usage;
        if (usage === undefined) continue;
        assert.ok((usage.units?.audioInput ?? 0) <= usage.input && (usage.units?.imageOutput ?? 0) <= usage.output);
        assert.ok(usage.cacheRead + usage.cacheWrite <= usage.input);
      }
    }),
  );
});
