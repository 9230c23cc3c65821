// Fault L01 of the catalogue on the real command: secrets of every kind go in at every door, through good calls and bad
// ones, and none comes out anywhere but in the answer it belongs to.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Signalbox, until } from '../support/proc.ts';

let made = 0;
/** Different each time, and found by nothing but itself. */
const unique = () =>
  `Canary${String(++made).padStart(2, '0')}x${Math.random().toString(36).slice(2, 12).padEnd(10, '7')}Zz9`;

const CANARIES = {
  providerKey: `plain-${unique()}`,
  secondProviderKey: `sk-ant-${unique()}`,
  providerHeader: `hdr-${unique()}`,
  callerKey: `caller-${unique()}`,
  otherCallerKey: `other-${unique()}`,
  adminKey: `admin-${unique()}`,
  wrongBearer: `wrong-${unique()}`,
  wrongXApiKey: `wrong-${unique()}`,
  wrongApiKey: `wrong-${unique()}`,
  wrongGoogKey: `wrong-${unique()}`,
  queryKey: `query-${unique()}`,
  passthroughQuery: `query-${unique()}`,
  cookie: `cookie-${unique()}`,
  proxyAuth: `proxy-${unique()}`,
  inPrompt: `sk-proj-${unique()}`,
  inPromptBearer: unique() + unique(),
  inPromptGithub: `ghp_${unique()}`,
  inPromptJwt: `eyJ${unique()}.eyJ${unique()}.${unique()}`,
  inTool: `xoxb-${unique()}`,
  inErrorBody: `sk-${unique()}`,
  inErrorPage: `sk-live-${unique()}`,
  inAnswer: `sk-${unique()}`,
  inChunks: `sk-${unique()}`,
  inTag: `sk-${unique()}`,
  inModel: `sk-${unique()}`,
  inPem: unique() + unique(),
};
const c = CANARIES;
const PEM = `-----BEGIN PRIVATE KEY-----\n${c.inPem}\n-----END PRIVATE KEY-----`;

const chat = (content: string) => ({ id: 'c', model: 'm', choices: [{ message: { content }, finish_reason: 'stop' }] });
const event = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const delta = (content: string) => event({ id: 'c', choices: [{ index: 0, delta: { content } }] });

/** Says back what it was sent, in the ways that providers do. */
const provider = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const model = /"model":"([^"]+)"/.exec(body)?.[1] ?? '';
    const json = { 'content-type': 'application/json' };
    const echoed = `Incorrect API key provided: ${request.headers.authorization ?? ''} ${c.inErrorBody}`;
    if (model === 'refuse') response.writeHead(401, json).end(JSON.stringify({ error: { message: echoed } }));
    else if (model === 'page') response.writeHead(500, { 'content-type': 'text/html' }).end(`<p>${c.inErrorPage}</p>`);
    else if (model === 'stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(delta('here it is: '));
      const whole = delta(c.inChunks);
      const middle = whole.indexOf(c.inChunks) + 9;
      response.write(whole.slice(0, middle));
      setTimeout(
        () =>
          response.end(
            `${whole.slice(middle)}${delta('.')}${event({ choices: [{ delta: {}, finish_reason: 'stop' }] })}${event('[DONE]')}`,
          ),
        20,
      );
    } else if (model === 'broken') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event({ error: { message: echoed } }), () => response.destroy());
    } else response.writeHead(200, json).end(JSON.stringify(chat(`your key is ${c.inAnswer}`)));
  });
});

let signalbox: Signalbox;

before(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
  signalbox = await Signalbox.start({
    config: {
      collector: { admin_key: '${CANARY_ADMIN}' },
      providers: {
        openai: { api_key: c.providerKey, base_url, headers: { 'x-extra-token': c.providerHeader } },
        second: { type: 'openai_compatible', api_key: c.secondProviderKey, base_url },
        away: { type: 'openai_compatible', api_key: c.secondProviderKey, base_url: 'http://127.0.0.1:1/v1' },
      },
      keys: [
        { name: 'one', key: c.callerKey, team: 'search' },
        { name: 'two', key: c.otherCallerKey, models: ['openai/none'] },
      ],
    },
    env: { CANARY_ADMIN: c.adminKey },
  });
});

after(async () => {
  await signalbox.close();
  provider.close();
  provider.closeAllConnections();
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
let calls = 0;

async function call(model: string, headers: Record<string, string>, more: { path?: string; content?: string } = {}) {
  calls++;
  const body = JSON.stringify({
    model,
    stream: /stream|broken/.test(model),
    messages: [{ role: 'user', content: more.content ?? 'hi' }],
  });
  const response = await fetch(signalbox.proxyUrl + (more.path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, text: await response.text().catch(() => '') };
}

async function everyDoor(): Promise<void> {
  const own = bearer(c.callerKey);
  const content = [
    c.inPrompt,
    `Authorization: Bearer ${c.inPromptBearer}`,
    c.inPromptGithub,
    c.inPromptJwt,
    PEM,
    c.inTool,
    c.callerKey,
    c.providerKey,
    encodeURIComponent(c.adminKey),
  ].join(' and ');
  assert.match((await call('openai/good', own, { content })).text, new RegExp(c.inAnswer));
  await call('openai/good', {
    'x-api-key': c.callerKey,
    cookie: `session=${c.cookie}`,
    'proxy-authorization': `Basic ${c.proxyAuth}`,
  });
  assert.match((await call('openai/stream', own)).text, new RegExp(c.inChunks));
  for (const model of ['openai/refuse', 'openai/page', 'second/refuse', 'away/m', 'openai/broken'])
    await call(model, own);
  await call(`openai/${c.inModel}`, { ...own, 'x-signalbox-tags': `note=${c.inTag}`, 'x-signalbox-user': c.inTag });
  await call('openai/good', own, { path: `/v1/chat/completions?key=${c.queryKey}` });
  await call('good', own, { path: `/passthrough/openai/v1/chat/completions?api_key=${c.passthroughQuery}` });
  const refused = [
    bearer(c.wrongBearer),
    { 'x-api-key': c.wrongXApiKey },
    { 'api-key': c.wrongApiKey },
    { 'x-goog-api-key': c.wrongGoogKey },
  ];
  for (const headers of refused)
    assert.equal((await call('openai/good', headers as Record<string, string>)).status, 401);
  assert.equal((await call('openai/good', bearer(c.otherCallerKey))).status, 403);
}

function assertClean(where: string, bytes: Buffer | string): void {
  const found = Object.entries(CANARIES).filter(([, secret]) =>
    [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)].some((text) =>
      bytes.includes(text),
    ),
  );
  assert.deepEqual(
    found.map(([name]) => name),
    [],
    where,
  );
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

function scanFiles(): void {
  for (const path of files(join(signalbox.directory, 'data'))) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue; // the engine has merged it away meanwhile
    }
    assertClean(path, bytes);
  }
}

async function api(path: string): Promise<string> {
  const response = await fetch(`${signalbox.collectorUrl}/api/v1${path}`, { headers: bearer(c.adminKey) });
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  assertClean(path, text);
  return text;
}

test('L01 no secret that went in anywhere is in the spool, the queue, the store, an API, metrics or the log', async () => {
  await everyDoor();
  assert.ok(Object.keys(CANARIES).length >= 15);
  scanFiles();
  const list = async () =>
    (JSON.parse(await api('/traces?from=now-1h&limit=100')) as { traces: { trace_id: string }[] }).traces;
  await until('every call in the store', async () => (await list()).length === calls);
  scanFiles();
  let payloads = '';
  for (const { trace_id: id } of await list()) {
    const trace = JSON.parse(await api(`/traces/${id}`)) as { spans: { span_id: string }[] };
    for (const { span_id: span } of trace.spans) {
      const io = await fetch(`${signalbox.collectorUrl}/api/v1/traces/${id}/spans/${span}/io`, {
        headers: bearer(c.adminKey),
      });
      const text = await io.text();
      assertClean(`payload of ${span}`, text);
      payloads += text;
    }
  }
  for (const path of [
    '/status',
    '/facets?from=now-1h',
    '/series?metric=requests&by=model&from=now-1h&step=60s',
    '/openapi.json',
  ])
    await api(path);
  for (const url of [`${signalbox.collectorUrl}/metrics`, `${signalbox.proxyUrl}/metrics`]) {
    assertClean(url, await (await fetch(url)).text());
  }
  const models = await fetch(`${signalbox.proxyUrl}/v1/models`, { headers: bearer(c.callerKey) });
  assertClean('the list of models', await models.text());
  assertClean('the log', signalbox.said());
  // What was looked at is what went in: the words around the secrets are there.
  assert.match(payloads, /your key is \[redacted\]/);
  assert.match(payloads, /\[redacted\] and Authorization: Bearer \[redacted\]/);
});
