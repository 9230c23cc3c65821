// Conversations that moved between providers: thoughts sealed by one of them are carried through the client, and never
// reach another one that would refuse them.

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { startTestProxy, type TestProxy } from '../support/proxy.ts';

const ANSWER = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Done.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 2 },
};

describe('an Anthropic client whose conversation began elsewhere', () => {
  const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  let upstream: Server;
  let proxy: TestProxy;
  let client: Anthropic;

  before(async () => {
    upstream = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ANSWER));
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    proxy = await startTestProxy({ providers: { anthropic: { base_url: base, api_key: 'sk-ant-upstream' } } });
    client = new Anthropic({ baseURL: proxy.url, apiKey: 'mine', maxRetries: 0 });
  });

  after(async () => {
    await proxy.close();
    await new Promise<void>((resolve) => upstream.close(() => resolve()).closeAllConnections());
  });

  const ask = (signature: string) =>
    client.messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature },
            { type: 'text', text: 'Hello!' },
          ],
        },
        { role: 'user', content: 'Go on.' },
      ],
    });

  test("Anthropic's own signatures pass byte for byte", async () => {
    const answer = await ask('EqQBCgIYAhIM-own-signature');
    assert.equal(answer.content[0]?.type === 'text' && answer.content[0].text, 'Done.');
    assert.match(seen.at(-1)?.body ?? '', /"signature":"EqQBCgIYAhIM-own-signature"/);
  });

  for (const signature of ['signalbox~openai~rs_1~gAAAAABsecret', 'signalbox~none~~']) {
    test(`a signature that is not Anthropic's (${signature.slice(0, 17)}) stays here, the rest goes on`, async () => {
      const answer = await ask(signature);
      assert.equal(answer.content[0]?.type === 'text' && answer.content[0].text, 'Done.');
      const { body, headers } = seen.at(-1) ?? { body: '', headers: {} };
      assert.ok(!body.includes('signalbox~'), body);
      assert.match(body, /Hello!/);
      assert.equal(headers['anthropic-version'], '2023-06-01');
      assert.equal(headers['x-api-key'], 'sk-ant-upstream');
    });
  }
});
