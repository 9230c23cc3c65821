// Faults L03 and L04 of the catalogue: secrets of the config cannot be read back from any address of either part, by
// whomever; nor do they, or bodies that cannot be read, show in errors, in the log, or where a bad config is refused.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../runtime/config.ts';
import { ClickHouseServer, PASSWORD, USER } from '../support/clickhouse-server.ts';
import { Signalbox, until } from '../support/proc.ts';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'signalbox-readback-'));
const unique = () => `${Math.random().toString(36).slice(2, 12).padEnd(10, '7')}Zz9`;

const SECRETS = {
  providerKey: `provider-${unique()}`,
  otherProviderKey: `sk-ant-${unique()}`,
  providerHeader: `header-${unique()}`,
  plainHeader: `plain-${unique()}`,
  callerKey: `caller-${unique()}`,
  otherCallerKey: `other-${unique()}`,
  adminKey: `admin-${unique()}`,
  storePassword: decodeURIComponent(PASSWORD),
  unused: `unused-${unique()}`,
};
const s = SECRETS;
const WAYS = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64').slice(0, -4),
  Buffer.from(secret).toString('hex'),
];

function assertClean(where: string, text: string): void {
  const found = Object.entries(SECRETS).filter(([, secret]) => WAYS(secret).some((way) => text.includes(way)));
  assert.deepEqual(
    found.map(([name]) => name),
    [],
    where,
  );
}

let server: ClickHouseServer;
let signalbox: Signalbox;

before(async () => {
  server = await ClickHouseServer.start(join(dir, 'engine'));
  signalbox = await Signalbox.start({
    config: {
      collector: { admin_key: '${ADMIN}', hosts: ['signalbox.test'] },
      store: { url: `http://${USER}:${PASSWORD}@127.0.0.1:${server.port}/signalbox` },
      providers: {
        openai: { api_key: '${PROVIDER}', headers: { 'x-extra-token': s.providerHeader, 'x-note': s.plainHeader } },
        anthropic: { api_key: s.otherProviderKey },
        simulated: {},
      },
      routes: { assistant: { targets: [{ model: 'simulated/sim-small' }] } },
      keys: [
        { name: 'one', key: s.callerKey, team: 'search' },
        { name: 'two', key: s.otherCallerKey, models: ['openai/none'] },
      ],
    },
    env: { ADMIN: s.adminKey, PROVIDER: s.providerKey, UNUSED: s.unused },
  });
});

after(async () => {
  await signalbox?.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Head and body of an answer, searched for secrets; `own` is what the caller itself has sent. */
async function look(url: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  assertClean(`${init.method ?? 'GET'} ${url}`, `${JSON.stringify([...response.headers])}\n${text}`);
  return { status: response.status, text };
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { parameters?: { name: string; in: string; required: boolean }[] }>>;
}

/** Every address of the API with good values, with bad ones, and with none. */
async function addresses(traceId: string, spanId: string): Promise<string[]> {
  const document = JSON.parse(
    (await look(`${signalbox.collectorUrl}/api/v1/openapi.json`, { headers: bearer(s.adminKey) })).text,
  ) as OpenApi;
  const good: Record<string, string> = {
    trace_id: traceId,
    span_id: spanId,
    from: 'now-1h',
    to: 'now',
    step: '60s',
    limit: '10',
    metric: 'requests',
    by: 'model',
    q: 'team:search',
  };
  const found = Object.entries(document.paths).flatMap(([path, methods]) => {
    const { parameters = [] } = methods['get'] ?? {};
    const fill = (value: (name: string) => string) =>
      path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => value(name));
    const inQuery = parameters.filter((each) => each.in === 'query').map(({ name }) => name);
    const query = (value: (name: string) => string) => new URLSearchParams(inQuery.map((name) => [name, value(name)]));
    const known = (name: string) => good[name] ?? '';
    const usual = new URLSearchParams(inQuery.flatMap((name) => (good[name] ? [[name, good[name]]] : [])));
    return [
      `${fill(known)}?${usual}`,
      fill(known),
      `${fill(known)}?${query(() => '%')}`,
      `${fill(() => 'x')}?${query(known)}`,
    ];
  });
  assert.ok(found.length >= 20);
  return [...found, '/', '/nothing', '/config', '/keys', '/providers'].map(
    (path) => `${signalbox.collectorUrl}/api/v1${path}`,
  );
}

test('L03 nothing in the config can be read back, whoever asks', async () => {
  const call = await fetch(`${signalbox.proxyUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(s.callerKey) },
    body: JSON.stringify({ model: 'assistant', messages: [{ role: 'user', content: 'hi' }] }),
  });
  assert.equal(call.status, 200);
  const traceId = call.headers.get('x-signalbox-trace-id') ?? '';
  await call.text();
  const admin = { headers: bearer(s.adminKey) };
  let spanId = '';
  await until('the trace', async () => {
    const { status, text } = await look(`${signalbox.collectorUrl}/api/v1/traces/${traceId}`, admin);
    spanId = status === 200 ? ((JSON.parse(text) as { spans: { span_id: string }[] }).spans.at(-1)?.span_id ?? '') : '';
    return spanId !== '';
  });
  const all = await addresses(traceId, spanId);
  const statuses = new Set<number>();
  for (const headers of [{}, bearer(s.adminKey), bearer('wrong-key-0815'), bearer(s.callerKey)]) {
    for (const url of all) statuses.add((await look(url, { headers })).status);
  }
  for (const status of [200, 400, 401, 404]) assert.ok(statuses.has(status), `one answer was ${status}`);
  for (const url of all) await look(url, { ...admin, method: 'POST', body: '{}' });
  for (const path of [
    '/',
    '/traces',
    '/settings',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1/traces',
    '/signalbox.yaml',
    '/.env',
  ])
    await look(signalbox.collectorUrl + path);
  for (const headers of [{}, bearer(s.callerKey), bearer(s.otherCallerKey), bearer('wrong-key-0815')]) {
    for (const path of [
      '/metrics',
      '/healthz',
      '/readyz',
      '/v1/models',
      '/',
      '/config',
      '/passthrough/openai/v1/files',
    ])
      await look(signalbox.proxyUrl + path, { headers });
  }
});

test('L03 nothing of it is in the log, or in what other users see of the processes', async () => {
  assertClean('the log and the banner', signalbox.said());
  for (const part of ['proxy', 'reporter', 'collector'] as const) {
    for (const pid of signalbox.pids(part)) {
      const path = `/proc/${pid}/cmdline`;
      if (existsSync(path)) assertClean(`the command line of ${part}`, readFileSync(path, 'latin1'));
    }
  }
});

test('L04 bodies that cannot be read are quoted nowhere', async () => {
  const inBody = `inBody${unique()}`;
  const broken = [
    `{"key":"${inBody}`,
    `${inBody}`,
    `{"model":"${inBody}","messages":[}`,
    `["${inBody}"]`,
    `"${inBody}"`,
  ];
  const post = (url: string, body: string, headers: Record<string, string> = {}) =>
    look(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  for (const body of broken) {
    const answers = [
      await post(`${signalbox.collectorUrl}/api/v1/session`, body),
      await post(`${signalbox.collectorUrl}/v1/traces`, body),
      await post(`${signalbox.collectorUrl}/v1/logs`, body),
      await post(`${signalbox.collectorUrl}/v1/traces`, body, { 'content-type': 'application/x-protobuf' }),
      await post(`${signalbox.collectorUrl}/v1/traces`, body, { 'content-encoding': 'gzip' }),
      await post(`${signalbox.proxyUrl}/v1/chat/completions`, body, bearer(s.callerKey)),
      await post(`${signalbox.proxyUrl}/v1/messages`, body, { 'x-api-key': s.callerKey }),
      await post(`${signalbox.proxyUrl}/v1/chat/completions`, body, {
        ...bearer(s.callerKey),
        'content-encoding': 'gzip',
      }),
    ];
    for (const { status, text } of answers) {
      assert.ok(status >= 400 && status < 500, `${status} ${text}`);
      assert.ok(!text.includes(inBody.slice(0, 12)), text);
    }
  }
  assert.ok(!signalbox.said().includes(inBody));
});

test('L03 a config that is refused says where, and not what stands there', () => {
  const secret = SECRETS.unused;
  const files = [
    `providers: { openai: "${secret}" }`,
    `providers: { openai: { api_key: [${secret}] } }`,
    `providers: { openai: { api_key: *${secret} } }`,
    `providers: { openai: { api_key: @${secret} } }`,
    `providers: { openai: { api_key: "${secret} } }`,
    `providers: { openai: { apikey: ${secret} } }`,
    `providers: { openai: { headers: { a: { b: ${secret} } } } }`,
    `providers: { local: { type: openai_compatible, base_url: "http://me:${secret}@127.0.0.1/v1" } }`,
    `keys: [{ name: a, key: { ${secret}: 1 } }]`,
    `keys: [${secret}]`,
    `collector: { admin_key: [${secret}] }`,
    `collector: { admin_key: ${secret}`,
    `store: { url: "ftp://me:${secret}@127.0.0.1" }`,
    `a: |2x ${secret}`,
    `%${secret}\n---\na: 1`,
    `${secret}`,
    `- ${secret}`,
  ];
  for (const [index, text] of files.entries()) {
    const file = join(dir, `bad-${index}.yaml`);
    writeFileSync(file, `${text}\n`);
    assert.throws(
      () => loadConfig(file, {}),
      (error: Error) => {
        assertClean(text, error.message);
        assert.match(error.message, /bad-\d+\.yaml:\d: /);
        return error.name === 'ConfigError';
      },
      text,
    );
  }
  // The command says no more than that; nor does it where the config is good and the server is away.
  const away = join(dir, 'away.yaml');
  writeFileSync(away, `store: { url: "http://me:${secret}@127.0.0.1:1/x" }\n`);
  for (const args of [
    ['check', join(dir, 'bad-2.yaml')],
    ['collector', '--config', away, '--data', join(dir, 'bad')],
  ]) {
    const env = { ...process.env, SIGNALBOX_COLLECTOR_LISTEN: '127.0.0.1:0' };
    const run = spawnSync(process.execPath, ['signalbox.ts', ...args], { cwd: root, encoding: 'utf8', env });
    assert.equal(run.status, 1);
    assertClean(args.join(' '), run.stdout + run.stderr);
    assert.doesNotMatch(run.stderr, /^\s+at /m);
  }
});
