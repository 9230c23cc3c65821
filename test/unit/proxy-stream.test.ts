// The meter and the hidden usage chunk, over every way the bytes can be cut.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HideUsage } from '../../proxy/stream/hide-usage.ts';
import { Meter } from '../../proxy/stream/meter.ts';
import { newReading } from '../../proxy/stream/reading.ts';
import { readWhole } from '../../proxy/stream/whole.ts';
import type { DialectId } from '../../schemas/call.ts';

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { type: string }) => `event: ${value.type}\n${data(value)}`;

function read(dialect: DialectId, chunks: readonly Buffer[]) {
  const reading = newReading();
  const meter = new Meter(dialect, reading);
  for (const chunk of chunks) meter.push(chunk.toString('latin1'));
  meter.end();
  return { ...reading, firstTokenUs: reading.firstTokenUs > 0 ? 1 : 0, outputBytes: meter.outputBytes };
}

/** The stream whole, byte by byte, and cut in two at every place. */
function cuts(bytes: Buffer): Buffer[][] {
  const single = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
  const halves = Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [[bytes], single, ...halves];
}

const chunk = (delta: object, finish: string | null = null) =>
  data({
    id: 'chatcmpl-1',
    model: 'gpt-x',
    system_fingerprint: 'fp_9',
    service_tier: 'default',
    choices: [{ index: 0, delta, finish_reason: finish }],
    usage: null,
  });
const usage = { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 3 } };
const usageChunk = data({ id: 'chatcmpl-1', model: 'gpt-x', choices: [], usage });
const chat =
  chunk({ role: 'assistant', content: '' }) +
  ': keep-alive\n\n' +
  chunk({ content: 'Grüße 🦊 "quoted" \\' }) +
  chunk({ content: 'data: {"choices":[],"usage":{}}\n\n' }) +
  chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'weather', arguments: '' } }] }) +
  chunk({}, 'tool_calls');

const responses = [
  { type: 'response.created', response: { id: 'resp_1', model: 'gpt-y', status: 'in_progress' } },
  { type: 'response.output_item.added', item: { type: 'function_call', name: 'lookup' } },
  { type: 'response.output_text.delta', delta: 'hé' },
  {
    type: 'response.completed',
    response: {
      id: 'resp_1',
      model: 'gpt-y-2026',
      status: 'completed',
      usage: { input_tokens: 5, output_tokens: 6, output_tokens_details: { reasoning_tokens: 2 } },
    },
  },
];

const messages = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude-z',
      usage: { input_tokens: 10, cache_read_input_tokens: 20, cache_creation_input_tokens: 5, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', name: 'search' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ü' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
  { type: 'message_stop' },
];

describe('the meter reads the same however the bytes are cut', () => {
  const streams: [string, DialectId, string][] = [
    ['chat', 'openai_chat', `${chat + usageChunk}data: [DONE]\n\n`],
    ['chat with CRLF', 'openai_chat', `${chat + usageChunk}data: [DONE]\n\n`.replaceAll('\n', '\r\n')],
    ['chat with CR', 'openai_chat', `${chat + usageChunk}data: [DONE]\n\n`.replaceAll('\n', '\r')],
    ['chat with a byte order mark and no last blank line', 'openai_chat', `\ufeff${chat + usageChunk}data: [DONE]`],
    ['responses', 'openai_responses', responses.map(named).join('')],
    ['responses without event lines', 'openai_responses', responses.map(data).join('')],
    ['messages', 'anthropic', messages.map(named).join('')],
  ];
  for (const [name, dialect, stream] of streams) {
    test(name, () => {
      const bytes = Buffer.from(stream);
      const whole = read(dialect, [bytes]);
      for (const pieces of cuts(bytes)) assert.deepEqual(read(dialect, pieces), whole);
      assert.equal(whole.complete, true);
      assert.equal(whole.firstTokenUs, 1);
      assert.equal(whole.usageSource, 'provider');
      assert.equal(whole.malformed, 0);
    });
  }

  test('what it reads of a chat stream', () => {
    const reading = read('openai_chat', [Buffer.from(`${chat + usageChunk}data: [DONE]\n\n`)]);
    assert.deepEqual(reading.usage, { input: 9, cacheRead: 3, cacheWrite: 0, output: 4, reasoning: 0 });
    assert.deepEqual(reading.finishReasons, ['tool_call']);
    assert.deepEqual(reading.toolsCalled, ['weather']);
    assert.equal(reading.id, 'chatcmpl-1');
    assert.equal(reading.model, 'gpt-x');
    assert.equal(reading.systemFingerprint, 'fp_9');
    assert.equal(reading.serviceTier, 'default');
    assert.equal(reading.chunks, 6);
  });

  test('what it reads of a responses stream', () => {
    const reading = read('openai_responses', [Buffer.from(responses.map(named).join(''))]);
    assert.deepEqual(reading.usage, { input: 5, cacheRead: 0, cacheWrite: 0, output: 6, reasoning: 2 });
    assert.deepEqual([reading.model, reading.id], ['gpt-y-2026', 'resp_1']);
    assert.deepEqual(reading.toolsCalled, ['lookup']);
    assert.deepEqual(reading.finishReasons, ['tool_call']);
  });

  test('what it reads of a messages stream', () => {
    const reading = read('anthropic', [Buffer.from(messages.map(named).join(''))]);
    assert.deepEqual(reading.usage, { input: 35, cacheRead: 20, cacheWrite: 5, output: 7, reasoning: 0 });
    assert.deepEqual(reading.finishReasons, ['stop']);
    assert.deepEqual(reading.toolsCalled, ['search']);
  });
});

describe('the meter takes anything', () => {
  test('a stream without its last event is not complete', () => {
    for (const cut of [chat, chat + usageChunk, `${chat}data: [DON`]) {
      assert.equal(read('openai_chat', [Buffer.from(cut)]).complete, false);
    }
  });

  test('broken JSON is counted and skipped', () => {
    const stream = `data: {"id":"a","choices":[{"delta":{"content":"x\n\ndata: nonsense\n\n${chat}data: [DONE]\n\n`;
    const reading = read('openai_chat', [Buffer.from(stream)]);
    assert.equal(reading.malformed, 2);
    assert.equal(reading.complete, true);
    assert.deepEqual(reading.toolsCalled, ['weather']);
  });

  test('an error inside the stream is the answer', () => {
    const error = data({ error: { type: 'server_error', message: 'sorry' } });
    assert.deepEqual(read('openai_chat', [Buffer.from(chat + error)]).error, {
      type: 'server_error',
      message: 'sorry',
    });
    const event = named(Object.assign({ error: { type: 'overloaded_error', message: 'busy' } }, { type: 'error' }));
    assert.equal(read('anthropic', [Buffer.from(event)]).error?.type, 'overloaded_error');
    const failed = named(Object.assign({ code: 'server_error', message: 'no' }, { type: 'error' }));
    assert.equal(read('openai_responses', [Buffer.from(failed)]).error?.type, 'server_error');
  });

  test('impossible usage is no usage', () => {
    for (const tokens of [-1, '12', 1e12, Number.NaN]) {
      const bad = data({ choices: [], usage: { prompt_tokens: tokens, completion_tokens: 1 } });
      const reading = read('openai_chat', [Buffer.from(`${chat + bad}data: [DONE]\n\n`)]);
      if (tokens === tokens) assert.equal(reading.usage, undefined, String(tokens));
    }
  });

  test('random bytes', () => {
    for (let seed = 1; seed < 200; seed++) {
      const bytes = Buffer.from(Array.from({ length: 300 }, (_none, at) => (at * seed * 7919) % 256));
      for (const dialect of ['openai_chat', 'openai_responses', 'anthropic', 'openai_embeddings'] as const) {
        read(dialect, [bytes, Buffer.from('data: {"usage":}\n\n'), bytes]);
      }
    }
  });
});

describe('the usage chunk that only we asked for', () => {
  const filter = (pieces: readonly Buffer[]) => {
    const hide = new HideUsage();
    const out = pieces.map((piece) => hide.push(piece, piece.toString('latin1')));
    return Buffer.concat([...out, hide.end()]).toString();
  };

  for (const [name, ends] of [
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ] as const) {
    test(`is taken out and nothing else is, however the bytes are cut (${name})`, () => {
      const stream = `${chat + usageChunk}data: [DONE]\n\n`.replaceAll('\n', ends);
      const wanted = `${chat}data: [DONE]\n\n`.replaceAll('\n', ends);
      for (const pieces of cuts(Buffer.from(stream))) assert.equal(filter(pieces), wanted);
    });
  }

  test('spaces inside it do not matter', () => {
    const spaced = 'data: {"choices": [ ], "usage": {"prompt_tokens": 1}}\n\n';
    assert.equal(filter([Buffer.from(`${spaced}data: [DONE]\n\n`)]), 'data: [DONE]\n\n');
  });

  test('usage beside a choice, empty choices without usage and look-alikes in text stay', () => {
    const beside = data({ choices: [{ delta: {} }], usage });
    const filters = data({ choices: [], prompt_filter_results: [], usage: null });
    const said = chunk({ content: '"choices":[],"usage":{}' });
    const exact = data({ note: '"choices":[]', choices: [{ delta: { content: 'x' } }], usage });
    const stream = beside + filters + said + exact;
    for (const pieces of cuts(Buffer.from(stream))) assert.equal(filter(pieces), stream);
  });

  test('an event that never ends passes without being kept', () => {
    const hide = new HideUsage();
    const piece = Buffer.alloc(64 * 1024, 'x');
    let passed = 0;
    for (let times = 0; times < 32; times++) passed += hide.push(piece, piece.toString('latin1')).length;
    assert.ok(passed > 1024 * 1024);
  });

  test('at the end of a stream it is taken out without its blank line too', () => {
    assert.equal(filter([Buffer.from(chat + usageChunk.trimEnd())]), chat);
    assert.equal(filter([Buffer.from(`${chat}data: {"half`)]), `${chat}data: {"half`);
  });
});

describe('whole answers', () => {
  test('a chat answer', () => {
    const reading = newReading();
    const body = {
      id: 'c1',
      model: 'm',
      choices: [{ message: { tool_calls: [{ function: { name: 'f' } }] }, finish_reason: 'tool_calls' }],
      usage,
    };
    readWhole('openai_chat', reading, Buffer.from(JSON.stringify(body)));
    assert.deepEqual(
      [reading.id, reading.model, reading.finishReasons, reading.toolsCalled],
      ['c1', 'm', ['tool_call'], ['f']],
    );
    assert.equal(reading.usage?.input, 9);
    assert.equal(reading.complete, true);
  });

  test('big embeddings are not built', () => {
    const reading = newReading();
    const numbers = Array.from({ length: 20_000 }, (_none, at) => at / 3);
    const body = { object: 'list', data: [{ embedding: numbers }], model: 'e', usage: { prompt_tokens: 5 } };
    readWhole('openai_embeddings', reading, Buffer.from(JSON.stringify(body)));
    assert.deepEqual([reading.model, reading.usage?.input, reading.complete], ['e', 5, true]);
    const cut = newReading();
    readWhole('openai_embeddings', cut, Buffer.from(JSON.stringify(body).slice(0, -9)));
    assert.equal(cut.complete, false);
  });

  test('what breaks off is not complete', () => {
    for (const body of ['', '{"id":"x"', '[]', 'null', '<html>']) {
      const reading = newReading();
      readWhole('anthropic', reading, Buffer.from(body));
      assert.equal(reading.complete, false);
    }
  });
});
