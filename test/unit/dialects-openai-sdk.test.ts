// OpenAI's own client reads what the encoders and writers of its dialects say, over HTTP.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import OpenAI from 'openai';
import type { CallEvent, CallOutput, OutputMessage } from '../../schemas/call.ts';
import { CHATS } from '../../schemas/dialects/index.ts';
import type { ChatDialect } from '../../schemas/dialects/types.ts';
import { asked, interleaved, SMALL_CALL, streamed } from '../support/neutral.ts';
import type { Can } from '../support/neutral.ts';
import { encode, framed } from '../support/round-trip.ts';

let answer: { readonly type: string; readonly body: Buffer } = { type: '', body: Buffer.alloc(0) };
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': answer.type }).end(answer.body));
});
let client: OpenAI;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const [chat, responses, completions] = [CHATS.openai_chat, CHATS.openai_responses, CHATS.openai_completions];

function stream(dialect: ChatDialect | undefined, events: Iterable<CallEvent>): void {
  assert.ok(dialect);
  answer = { type: 'text/event-stream', body: framed(dialect, encode(dialect, events)) };
}

function whole(dialect: ChatDialect | undefined, output: CallOutput): void {
  const body = Buffer.from(JSON.stringify(dialect?.writeOutput(output, asked(SMALL_CALL))));
  answer = { type: 'application/json', body };
}

const CALL = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] } as const;
const said = (message: OutputMessage | undefined, type: 'text' | 'reasoning' | 'refusal') =>
  (message?.parts ?? []).map((part) => (part.type === type ? part.content : '')).join('');
const called = (message: OutputMessage | undefined) =>
  (message?.parts ?? []).flatMap((part) => (part.type === 'tool_call' ? [part] : []));

async function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: 60 });
}

describe('chat.completions', () => {
  const can: Can = { reasoning: true, seal: 'anthropic', refusals: true, choices: 2 };

  function same(completion: OpenAI.ChatCompletion, output: CallOutput): void {
    assert.equal(completion.id, output.id);
    assert.equal(completion.choices.length, output.messages.length);
    for (const [at, choice] of completion.choices.entries()) {
      const message = output.messages[at];
      assert.equal(choice.message.content ?? '', said(message, 'text'));
      assert.equal(choice.message.refusal ?? '', said(message, 'refusal'));
      const { tool_calls: calls = [] } = choice.message;
      const read = calls.map((call) =>
        call.type === 'function' ? [call.id, call.function.name, JSON.parse(call.function.arguments)] : [],
      );
      assert.deepEqual(
        read,
        called(message).map((call) => [call.id, call.name, call.arguments]),
      );
      assert.equal(choice.finish_reason === 'tool_calls', called(message).length > 0);
    }
    assert.equal(completion.usage?.prompt_tokens, output.usage?.input);
    assert.equal(completion.usage?.completion_tokens_details?.reasoning_tokens, output.usage?.reasoning);
  }

  test('streams', () =>
    check(streamed(can), async ({ output, events }) => {
      stream(chat, interleaved(events));
      same(
        await client.chat.completions.stream({ ...CALL, messages: [...CALL.messages] }).finalChatCompletion(),
        output,
      );
    }));

  test('whole answers', () =>
    check(streamed(can), async ({ output }) => {
      whole(chat, output);
      same(await client.chat.completions.create({ ...CALL, messages: [...CALL.messages] }), output);
    }));

  test('an error in mid-stream reaches the client', async () => {
    stream(chat, [
      { type: 'open', choice: 0, index: 0, part: { type: 'text', content: '' } },
      { type: 'delta', choice: 0, index: 0, text: 'Hel' },
      { type: 'error', error: { type: 'server_error', message: 'Gone.' } },
      { type: 'end' },
    ]);
    const run = client.chat.completions.stream({ ...CALL, messages: [...CALL.messages] });
    await assert.rejects(run.finalChatCompletion(), /Gone\./);
    assert.ok(!answer.body.toString().includes('[DONE]'));
  });
});

describe('responses', () => {
  const can: Can = { reasoning: true, seal: 'openai', sealIds: true, refusals: true, mixed: true };

  function same(response: OpenAI.Responses.Response, output: CallOutput): void {
    const [message] = output.messages;
    assert.equal(response.id, output.id);
    assert.equal(response.output_text, said(message, 'text'));
    const calls = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
    assert.deepEqual(
      calls.map((call) => [call.call_id, call.name, JSON.parse(call.arguments)]),
      called(message).map((call) => [call.id, call.name, call.arguments]),
    );
    const thoughts = response.output.flatMap((item) => (item.type === 'reasoning' ? [item] : []));
    assert.equal(
      thoughts.map((item) => item.summary.map(({ text }) => text).join('')).join(''),
      said(message, 'reasoning'),
    );
    assert.ok(thoughts.every((item) => typeof item.encrypted_content === 'string'));
    assert.ok(response.output.every((item) => !('status' in item) || item.status === 'completed'));
    assert.equal(
      response.status,
      ['stop', 'tool_call'].includes(message?.finish_reason ?? '') ? 'completed' : 'incomplete',
    );
    assert.equal(response.usage?.input_tokens, output.usage?.input);
  }

  test('streams, as they are accumulated and as the last event has them', () =>
    check(streamed(can), async ({ output, events }) => {
      stream(responses, interleaved(events));
      const run = client.responses.stream({ model: 'm', input: 'Hello' });
      const numbers: number[] = [];
      run.on('event', (event) => 'sequence_number' in event && numbers.push(event.sequence_number));
      same(await run.finalResponse(), output);
      assert.deepEqual(numbers, [...numbers.keys()]);
    }));

  test('whole answers', () =>
    check(streamed(can), async ({ output }) => {
      whole(responses, output);
      same(await client.responses.create({ model: 'm', input: 'Hello' }), output);
    }));

  test('an error in mid-stream reaches the client', async () => {
    stream(responses, [
      { type: 'start', id: 'r', model: 'm' },
      { type: 'error', error: { type: 'server_error', message: 'Gone.' } },
      { type: 'end' },
    ]);
    await assert.rejects(client.responses.stream({ model: 'm', input: 'Hello' }).finalResponse(), /Gone\./);
    assert.ok(!answer.body.toString().includes('response.completed'));
  });
});

test('completions, whole and streamed', () =>
  check(streamed({ noTools: true }), async ({ output, events }) => {
    const text = said(output.messages[0], 'text');
    whole(completions, output);
    assert.equal((await client.completions.create({ model: 'm', prompt: 'Hello' })).choices[0]?.text, text);
    stream(completions, events);
    let streamedText = '';
    for await (const chunk of await client.completions.create({ model: 'm', prompt: 'Hello', stream: true }))
      streamedText += chunk.choices[0]?.text ?? '';
    assert.equal(streamedText, text);
  }));

test('embeddings, as the client asks for them by itself: in base64', async () => {
  const { openai_embeddings: embeddings } = (await import('../../schemas/dialects/index.ts')).EMBEDDINGS;
  const call = { model: 'm', inputs: ['a'], base64: true, single: true, extra: {} };
  const output = { vectors: [[0.5, -2, 0.25]], usage: undefined, model: 'm', id: '' };
  answer = { type: 'application/json', body: Buffer.from(JSON.stringify(embeddings?.writeVectors(output, call))) };
  const { data } = await client.embeddings.create({ model: 'm', input: 'a' });
  assert.deepEqual(data[0]?.embedding, [0.5, -2, 0.25]);
});
