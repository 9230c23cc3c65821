import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { RESOURCES } from '../../collector/api/index.ts';
import { problem } from '../../collector/api/shapes.ts';
import { startCollector, type Collector } from '../../collector/main.ts';
import { defaultConfig } from '../../runtime/config.ts';
import { createLogger } from '../../runtime/log.ts';
import { ATTR } from '../../schemas/attributes.ts';
import type { LiveMessage, Problem, Status, TraceDetail, TraceList } from '../../schemas/api.ts';

const ADMIN_KEY = 'correct horse battery staple';
const root = mkdtempSync(join(tmpdir(), 'signalbox-collector-'));
const uiDir = join(root, 'ui');
let collector: Collector;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly base?: string;
}

/** A request exactly as written: no client that tidies paths or headers. */
async function ask(
  path: string,
  { method = 'GET', headers = {}, body = '', base = collector.url }: Ask = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest({ host: hostname, port, path, method, headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

const KEY = { authorization: `Bearer ${ADMIN_KEY}` };

async function api<T>(path: string, base?: string): Promise<T> {
  const answer = await ask(`/api/v1${path}`, { headers: KEY, ...(base ? { base } : {}) });
  assert.equal(answer.status, 200, `${path}: ${answer.body}`);
  return JSON.parse(answer.body) as T;
}

function post(path: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(`${collector.url}/api/v1${path}`, { method: 'POST', headers: { ...KEY, 'content-type': type }, body });
}

async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    await sleep(50);
  }
}

type Attributes = Readonly<Record<string, string | number | boolean>>;

function attributes(given: Attributes) {
  return Object.entries(given).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    if (typeof value === 'boolean') return { key, value: { boolValue: value } };
    return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
  });
}

let made = 0;

/** A request through the gateway as its reporter sends it. */
function requestSpans(trace: string, more: Attributes = {}) {
  const now = BigInt(Date.now()) * 1_000_000n + BigInt(made++);
  const server = {
    traceId: trace,
    spanId: trace.slice(0, 16),
    name: 'POST /v1/chat/completions',
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 1_500_000_000n),
    attributes: attributes({
      [ATTR.OUTCOME]: 'ok',
      [ATTR.HTTP_STATUS]: 200,
      [ATTR.TEAM]: 'search',
      [ATTR.ROUTE]: 'assistant',
      [ATTR.REQUEST_ID]: trace,
      ...more,
    }),
  };
  const client = {
    traceId: trace,
    spanId: trace.slice(16),
    parentSpanId: server.spanId,
    name: 'chat gpt-5',
    kind: 3,
    startTimeUnixNano: String(now + 1_000_000n),
    endTimeUnixNano: String(now + 1_400_000_000n),
    attributes: attributes({
      [ATTR.OPERATION]: 'chat',
      [ATTR.PROVIDER]: 'openai',
      [ATTR.REQUEST_MODEL]: 'gpt-5',
      [ATTR.INPUT_TOKENS]: 1000,
      [ATTR.OUTPUT_TOKENS]: 100,
      [ATTR.TEAM]: 'search',
      [ATTR.INPUT_MESSAGES]: JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: 'where is my parcel' }] },
      ]),
      [ATTR.OUTPUT_MESSAGES]: JSON.stringify([
        { role: 'assistant', parts: [{ type: 'text', content: 'on its way' }], finish_reason: 'stop' },
      ]),
    }),
  };
  return [server, client];
}

async function send(spans: readonly unknown[], options: Ask = {}): Promise<Answer> {
  const resource = { attributes: attributes({ 'service.name': 'signalbox' }) };
  const body = JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'signalbox.proxy' }, spans }] }],
  });
  return ask('/v1/traces', {
    method: 'POST',
    body,
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
  });
}

const hexTrace = (number: number) =>
  (number + 1).toString(16).padStart(16, 'a') + (number + 1).toString(16).padStart(16, 'b');

before(async () => {
  mkdirSync(join(uiDir, 'assets'), { recursive: true });
  writeFileSync(join(uiDir, 'index.html'), `<!doctype html><title>Signalbox</title>${' '.repeat(600)}`);
  writeFileSync(join(uiDir, 'assets', 'index-AbCd1234.js'), `export const a = 1;${'/* */'.repeat(300)}`);
  writeFileSync(join(uiDir, 'assets', 'index-AbCd1234.js.map'), '{}');
  writeFileSync(join(uiDir, '.env'), 'SECRET=1');
  writeFileSync(join(root, 'secret.txt'), 'secret');
  symlinkSync(join(root, 'secret.txt'), join(uiDir, 'link.txt'));
  const config = defaultConfig();
  collector = await startCollector({
    config: {
      ...config,
      collector: { ...config.collector, listen: '127.0.0.1:0', admin_key: ADMIN_KEY, hosts: ['signalbox.example'] },
    },
    dataDir: join(root, 'data'),
    log: createLogger('collector'),
    uiDir,
  });
});

after(async () => {
  await collector.close();
  await collector.close();
  rmSync(root, { recursive: true, force: true });
});

test('a request is seen live at once and in the list a moment later, the same', async () => {
  const socket = new WebSocket(`${collector.url.replace('http', 'ws')}/ws/live`, { headers: KEY });
  const messages: LiveMessage[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as LiveMessage));
  await until(
    async () => messages.length,
    (count) => count === 1,
  );
  assert.equal(messages[0]?.type, 'hello');
  const trace = hexTrace(1);
  assert.equal((await send(requestSpans(trace))).status, 200);
  const live = await until(
    async () => messages[1],
    (message) => message !== undefined,
  );
  assert.ok(live?.type === 'trace');
  const list = await until(
    () => api<TraceList>('/traces'),
    ({ traces }) => traces.length === 1,
  );
  assert.deepEqual(list.traces[0], live.trace);
  assert.equal(live.trace.in_tok, 1000);
  assert.deepEqual(live.trace.models, ['gpt-5']);
  assert.equal(live.trace.in_preview, 'where is my parcel');
  const closed = once(socket, 'close');
  socket.close();
  await closed;
});

test('every resource answers in the shape its document promises', async () => {
  const trace = hexTrace(1);
  const paths: Record<string, string[]> = {
    '/traces': [
      '/traces',
      '/traces?q=model:gpt-5&from=now-1h&limit=10',
      `/traces?q=${encodeURIComponent('parcel -status:error')}`,
    ],
    '/traces/{trace_id}': [`/traces/${trace}`],
    '/traces/{trace_id}/spans/{span_id}/io': [`/traces/${trace}/spans/${trace.slice(16)}/io`],
    '/facets': ['/facets', '/facets?q=team:search'],
    '/series': ['/series?metric=requests,cost,latency_p95', '/series?metric=tokens&by=model&step=1m&q=team:search'],
    '/status': ['/status'],
    '/cost': ['/cost', '/cost?by=user&from=now-2d', '/cost?by=tag.feature&step=1h&from=now-1d'],
    '/usage': ['/usage', '/usage?provider=openai&from=now-2d'],
    '/prices': ['/prices?limit=3', '/prices?used=true', '/prices?q=claude'],
    '/providers': ['/providers', '/providers?from=now-2d&step=1h'],
  };
  for (const resource of RESOURCES.filter(({ method }) => method === 'get')) {
    for (const path of paths[resource.path] ?? assert.fail(`no example of ${resource.path}`)) {
      const answer = await api<unknown>(path);
      const result = resource.answer.safeParse(answer);
      assert.ok(result.success, `${path}: ${JSON.stringify(result.error?.issues)}`);
    }
  }
  const [action, ...others] = RESOURCES.filter(({ method }) => method === 'post');
  assert.ok(action?.path === '/reprice' && others.length === 0);
  const done = await post('/reprice', '{"dry_run":true}');
  assert.ok(action.answer.safeParse(await done.json()).success);
  const detail = await api<TraceDetail>(`/traces/${trace.toUpperCase()}`);
  assert.deepEqual(
    detail.spans.map((span) => span.has_io),
    [false, true],
  );
  const document = await api<{ paths: Record<string, unknown> }>('/openapi.json');
  assert.deepEqual(Object.keys(document.paths).toSorted(), RESOURCES.map((resource) => resource.path).toSorted());
});

test('pages follow each other without a gap', async () => {
  const traces = Array.from({ length: 25 }, (_none, index) => hexTrace(100 + index));
  for (const trace of traces) await send(requestSpans(trace, { [ATTR.USER_ID]: 'pages' }));
  await until(
    () => api<TraceList>('/traces?q=user:pages&limit=100'),
    (list) => list.traces.length === 25,
  );
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await api<TraceList>(`/traces?q=user:pages&limit=7${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.traces.map((trace) => trace.trace_id));
    cursor = page.next_cursor ?? '';
  } while (cursor !== '');
  assert.deepEqual(seen, traces.toReversed());
});

test('what makes no sense is refused by name, as a problem', async () => {
  const first = await api<TraceList>('/traces?q=user:pages&limit=1');
  const cursor = first.next_cursor ?? '';
  const table: [string, number, RegExp][] = [
    ['/traces?q=colour:red', 400, /there is no key "colour".*character 1/],
    ['/traces?q=duration:>fast', 400, /must be a duration/],
    ['/traces?from=yesterday', 400, /"from" must be a time like/],
    ['/traces?from=now&to=now-1h', 400, /"from" must be before "to"/],
    ['/traces?from=0', 400, /at most 400 days/],
    ['/traces?from=99999999999999', 400, /between 1970 and 2200/],
    ['/traces?limit=0', 400, /"limit" must be at least 1/],
    ['/traces?limit=1e3', 400, /whole number/],
    ['/traces?limit=501', 400, /at most 500/],
    ['/traces?limit=5&limit=6', 400, /"limit" must be given once/],
    ['/traces?q[]=x', 400, /there is no parameter "q\[\]"/],
    ['/traces?sort=id;--', 400, /there is no parameter "sort"/],
    ['/traces?__proto__=x', 400, /no parameter/],
    [`/traces?q=${'x'.repeat(10_000)}`, 400, /"q"/],
    ['/traces?cursor=AAAA', 400, /"cursor" is not one of this list/],
    [`/traces?q=user:others&cursor=${cursor}`, 400, /"cursor" is not one of this list/],
    [`/traces?q=user:pages&cursor=${cursor.slice(0, -3)}AAA`, 400, /"cursor" is not one of this list/],
    ['/traces/xyz', 400, /"trace_id" must be 32 hex digits/],
    [`/traces/${'0'.repeat(32)}`, 404, /no such trace/],
    [`/traces/${hexTrace(1)}/spans/${'0'.repeat(16)}/io`, 404, /nothing was captured/],
    ['/series', 400, /"metric"/],
    ['/series?metric=happiness', 400, /names out of requests/],
    ['/series?metric=cost&by=id;--', 400, /"by"/],
    ['/series?metric=cost&step=1ms', 400, /at least 1s/],
    ['/series?metric=cost&step=1s&from=now-300d', 400, /"step" is too small/],
    ['/cost?by=weather', 400, /"by" must be one of/],
    ['/cost?step=1m', 400, /"step"/],
    ['/prices?used=perhaps', 400, /"used"/],
    ['/reprice', 405, /takes POST/],
    ['/nothing', 404, /no such resource/],
  ];
  for (const [path, status, detail] of table) {
    const answer = await ask(`/api/v1${path}`, { headers: KEY });
    assert.equal(answer.status, status, `${path}: ${answer.body}`);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    const body = problem.parse(JSON.parse(answer.body)) satisfies Problem;
    assert.match(body.detail, detail, path);
    assert.equal(body.request_id, answer.headers['x-request-id']);
    assert.doesNotMatch(answer.body, /node:|at .*\.ts|SELECT|ClickHouse/);
  }
  const wrong = await ask('/api/v1/traces', { method: 'POST', headers: KEY });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'GET, HEAD');
});

test('what changes something takes a JSON object, within the key and within reason', async () => {
  const table: [string, string, number, RegExp][] = [
    ['{"dry_run":"yes"}', 'application/json', 400, /"dry_run"/],
    ['{"colour":"red"}', 'application/json', 400, /there is no parameter "colour"/],
    ['{"from":"now-90d","to":"now-80d"}', 'application/json', 400, /not kept whole any more/],
    ['{', 'application/json', 400, /malformed/],
    ['[]', 'application/json', 415, /must be a JSON object/],
    ['dry_run=false', 'application/x-www-form-urlencoded', 415, /must be a JSON object/],
    ['{"dry_run":false}', 'text/plain', 415, /must be a JSON object/],
  ];
  for (const [body, type, status, detail] of table) {
    const answer = await post('/reprice', body, type);
    assert.equal(answer.status, status, body);
    assert.match(problem.parse(await answer.json()).detail, detail);
  }
  const stranger = await fetch(`${collector.url}/api/v1/reprice`, { method: 'POST', body: '{}' });
  assert.equal(stranger.status, 401);
});

test('hostile queries find nothing and break nothing', async () => {
  const before = await api<TraceList>('/traces?limit=500');
  for (const text of [
    "'; DROP TABLE spans; --",
    ')) OR 1=1',
    '\\',
    '{x:Identifier}',
    "' INTO OUTFILE 'x.txt'",
    '(a+)+$',
    '\u2019 OR \u2019',
  ]) {
    for (const key of ['model:', 'name:', 'tag.a:', '']) {
      const q = encodeURIComponent(`${key}"${text.replace(/["\\]/g, '\\$&')}"`);
      assert.deepEqual((await api<TraceList>(`/traces?q=${q}`)).traces, [], text);
    }
  }
  assert.equal((await api<TraceList>('/traces?limit=500')).traces.length, before.traces.length);
});

test('foreign names and foreign pages are refused everywhere', async () => {
  const port = new URL(collector.url).port;
  const paths = ['/', '/api/v1/traces', '/healthz', '/metrics', '/assets/index-AbCd1234.js', '/v1/traces'];
  for (const path of paths) {
    const method = path === '/v1/traces' ? 'POST' : 'GET';
    for (const host of ['evil.test', `evil.test:${port}`, '127.0.0.1.evil.test', '169.254.169.254']) {
      assert.equal((await ask(path, { method, headers: { host } })).status, 403, `${path} as ${host}`);
    }
    for (const host of ['x/../admin', 'a b', '@'])
      assert.equal((await ask(path, { method, headers: { host } })).status, 400, `${path} as "${host}"`);
    for (const origin of ['https://evil.test', 'null', `http://localhost.evil.test:${port}`, 'http://127.0.0.1:1']) {
      assert.equal((await ask(path, { method, headers: { origin } })).status, 403, `${path} from ${origin}`);
    }
    assert.equal(
      (await ask(path, { method, headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } })).status,
      403,
      path,
    );
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, 'signalbox.example', `[::1]:${port}`]) {
    assert.equal((await ask('/healthz', { headers: { host } })).status, 200, host);
  }
  assert.equal(
    (await ask('/healthz', { headers: { origin: collector.url, 'sec-fetch-site': 'same-origin' } })).status,
    200,
  );
  assert.equal(
    (await ask('/', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } })).status,
    200,
  );
});

test('the admin key guards the data, spans from this machine come in without', async () => {
  const status = async (path: string, headers: Record<string, string>) => (await ask(path, { headers })).status;
  for (const path of ['/api/v1/traces', '/api/v1/status', '/api/v1/openapi.json', '/api/v1/nothing']) {
    assert.equal(await status(path, {}), 401, path);
    for (const authorization of ['Bearer wrong', 'Bearer', `Basic ${ADMIN_KEY}`, `Bearer ${ADMIN_KEY}x`])
      assert.equal(await status(path, { authorization }), 401);
  }
  assert.equal(await status('/', {}), 200);
  const signIn = (body: string, type = 'application/json') =>
    ask('/api/v1/session', { method: 'POST', body, headers: { 'content-type': type } });
  assert.equal((await signIn('{"key":"wrong"}')).status, 401);
  assert.equal((await signIn(`{"key":"${ADMIN_KEY}"}`, 'text/plain')).status, 415);
  assert.equal((await signIn('{')).status, 400);
  assert.equal((await signIn(`"${'x'.repeat(5000)}"`)).status, 413);
  const good = await signIn(JSON.stringify({ key: ADMIN_KEY }));
  assert.equal(good.status, 204);
  const [cookie = ''] = good.headers['set-cookie'] ?? [];
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.ok(!cookie.includes(ADMIN_KEY));
  assert.equal(await status('/api/v1/traces', { cookie: String(cookie.split(';')[0]) }), 200);
  assert.equal(await status('/api/v1/traces', { cookie: 'signalbox_session=1' }), 401);
  const spans = requestSpans(hexTrace(900));
  assert.equal((await send(spans, { headers: { 'x-forwarded-for': '203.0.113.9' } })).status, 401);
  assert.equal((await send(spans, { headers: { ...KEY, 'x-forwarded-for': '203.0.113.9' } })).status, 200);
});

test('only what the build made is served', async () => {
  const index = await ask('/');
  assert.equal(index.status, 200);
  assert.match(String(index.headers['content-security-policy']), /default-src 'self'.*frame-ancestors 'none'/);
  assert.equal(index.headers['x-content-type-options'], 'nosniff');
  assert.equal(index.headers['x-powered-by'], undefined);
  assert.equal((await ask('/traces')).body, index.body);
  assert.equal((await ask(`/traces/${hexTrace(1)}`)).body, index.body);
  const script = await ask('/assets/index-AbCd1234.js', { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(script.headers['content-encoding'], 'br');
  assert.match(script.headers['cache-control'] ?? '', /immutable/);
  assert.equal(
    (await ask('/assets/index-AbCd1234.js', { headers: { 'if-none-match': script.headers.etag ?? '' } })).status,
    304,
  );
  const attacks = [
    '/.env',
    '/link.txt',
    '/assets/index-AbCd1234.js.map',
    '/secret.txt',
    '/index.php',
    '/assets/',
    '/__proto__.js',
  ];
  for (const path of attacks) assert.equal((await ask(path)).status, 404, path);
  const odd = [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..\\..\\secret.txt',
    '/a%00',
    '//evil.test/%2e%2e',
    '/./',
    '/assets/../.env',
  ];
  for (const path of odd) assert.ok([400, 404].includes((await ask(path)).status), path);
  assert.equal((await ask('http://evil.test/')).status, 400);
  assert.equal((await ask('/', { method: 'DELETE' })).status, 404);
  assert.equal((await ask('/api/v1/traces', { headers: KEY })).headers['cache-control'], 'no-store');
});

test('live: strangers are turned away, too much is cut off, the slow lose messages and nobody waits', async () => {
  const url = `${collector.url.replace('http', 'ws')}/ws/live`;
  const refusal = async (headers: Record<string, string>, at = url) => {
    const socket = new WebSocket(at, { headers });
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    socket.terminate();
    return response.statusCode;
  };
  assert.equal(await refusal({ ...KEY, origin: 'https://evil.test' }), 403);
  assert.equal(await refusal({ ...KEY, origin: 'null' }), 403);
  assert.equal(await refusal({}), 401);
  assert.equal(await refusal({ host: 'evil.test' }), 403);
  assert.equal(await refusal(KEY, `${collector.url.replace('http', 'ws')}/ws/other`), 404);
  const big = new WebSocket(url, { headers: { ...KEY, origin: collector.url } });
  await once(big, 'open');
  big.on('error', () => {});
  big.send('x'.repeat(100_000));
  const [code] = (await once(big, 'close')) as [number];
  assert.equal(code, 1009);

  const { port } = new URL(collector.url);
  const lazy = createConnection(Number(port), '127.0.0.1');
  lazy.write(
    `GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(lazy, 'readable');
  let number = 10_000;
  const dropped = async () => (await api<{ live: { clients: number; dropped: number } }>('/status')).live;
  await until(dropped, ({ clients }) => clients === 1);
  await until(
    async () => {
      const spans = Array.from({ length: 500 }, () =>
        requestSpans(hexTrace(number++), { [ATTR.USER_ID]: 'u'.repeat(900) }),
      ).flat();
      assert.equal((await send(spans)).status, 200);
      return dropped();
    },
    ({ dropped }) => dropped > 0,
  );
  lazy.destroy();
  await until(dropped, ({ clients }) => clients === 0);
});

test('kill -9 loses nothing that was acknowledged, and a second process is told who has the directory', async () => {
  const dataDir = join(root, 'killed');
  const start = async (): Promise<{ child: ChildProcess; said: string }> => {
    const file = join(import.meta.dirname, '../support/collector-child.ts');
    const child = spawn(process.execPath, [file, dataDir], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk) => (said += chunk));
    await until(
      async () => said,
      (text) => text.endsWith('\n'),
    );
    return { child, said: said.trim() };
  };
  let acknowledged = 0;
  for (let round = 0; round < 3; round++) {
    const { child, said: base } = await start();
    if (round === 0)
      assert.match((await start()).said, /^refused: another Signalbox \(process \d+\) uses the data directory/);
    const exited = once(child, 'exit');
    for (let each = 0; each < 20; each++) {
      const answer = await send(requestSpans(hexTrace(5000 + acknowledged)), { base });
      assert.equal(answer.status, 200);
      acknowledged++;
    }
    child.kill('SIGKILL');
    await exited;
  }
  const { child, said: base } = await start();
  const list = await until(
    () => api<TraceList>('/traces?limit=500', base),
    ({ traces }) => traces.length === acknowledged,
  );
  assert.ok(list.traces.every((trace) => trace.spans === 2 && trace.in_tok === 1000));
  // The rows of an insert are seen before its rollups are: over is over when the queue says so.
  await until(
    () => api<Status>('/status', base),
    ({ queue }) => queue.records === 0,
  );
  const { series } = await api<{ series: { metric: string; total: number }[] }>(
    '/series?metric=requests,input_tokens&step=1m',
    base,
  );
  assert.deepEqual(
    series.map((line) => line.total),
    [acknowledged, acknowledged * 1000],
  );
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});
