// Fault E02 of the catalogue: providers whose TLS cannot be trusted. The call fails, nothing of it reaches them, and the
// caller learns neither names nor certificates; the record has the reason as a code.

import assert from 'node:assert/strict';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer, getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls';
import { issue, type Issued } from '../support/certificate.ts';
import { post, startTestProxy, type TestProxy } from '../support/proxy.ts';

const servers: Server[] = [];
const hanging: Socket[] = [];
/** Requests that arrived in clear text inside a TLS connection. */
let reached = 0;
let proxy: TestProxy;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const ANSWER = JSON.stringify({
  id: 'c',
  model: 'm',
  choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
});

function provider({ keyText, cert }: Issued, more: TlsOptions = {}): Promise<number> {
  const options = { key: keyText, cert, ...more };
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      reached++;
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
      );
    });
  });
  server.on('tlsClientError', () => {});
  return listen(server);
}

before(async () => {
  const by = issue({ name: 'test authority' });
  setDefaultCACertificates([...getCACertificates('default'), by.cert]);
  const host = '127.0.0.1';
  const good = issue({ name: 'good', host, by });
  const silent = createTcpServer((socket) => {
    hanging.push(socket);
    socket.on('error', () => {});
  });
  const ports = {
    good: await provider(good),
    expired: await provider(issue({ name: 'expired', host, by, until: new Date('2020-02-01T00:00:00Z') })),
    self: await provider(issue({ name: 'self', host })),
    other: await provider(issue({ name: 'other', host: 'other.test', by })),
    old: await provider(good, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    silent: await listen(silent),
  };
  const providers = Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [
      name,
      { type: 'openai_compatible' as const, base_url: `https://127.0.0.1:${port}/v1`, api_key: 'sk-upstream-secret' },
    ]),
  );
  const targets = [{ model: 'silent/m' }];
  const routes = { hanging: { targets, deadlines: { connect: '300ms' }, retry: { attempts: 1 } } };
  proxy = await startTestProxy({ providers, routes });
});

after(async () => {
  await proxy.close();
  for (const server of servers) server.close();
  for (const socket of hanging) socket.destroy();
});

test('E02 a provider with a good certificate answers', async () => {
  assert.equal((await post(proxy.url, { model: 'good/m' })).status, 200);
  assert.equal(reached, 1);
});

const BAD: Readonly<Record<string, RegExp>> = {
  expired: /CERT_HAS_EXPIRED/,
  self: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  other: /ERR_TLS_CERT_ALTNAME_INVALID/,
  old: /ERR_SSL|ECONNRESET|EPROTO/,
};

for (const [name, code] of Object.entries(BAD)) {
  test(`E02 a provider whose TLS is not to be trusted (${name}): 502, and only the record says why`, async () => {
    reached = 0;
    proxy.recorder.reset();
    const response = await post(proxy.url, { model: `${name}/m` });
    assert.equal(response.status, 502);
    assert.equal(response.headers.get('x-signalbox-error'), 'bad_upstream');
    const said = `${JSON.stringify([...response.headers])}${await response.text()}`;
    assert.doesNotMatch(said, /cert|ssl|tls|self.signed|altname|other\.test|127\.0\.0\.1|sk-upstream| at /i);
    assert.equal(reached, 0, 'no key was sent');
    const exchange = await proxy.recorder.settled();
    assert.equal(exchange.outcome, 'upstream_error');
    assert.match(exchange.attempts.at(-1)?.errorMessage ?? '', code);
  });
}

test('E02 a handshake that hangs is cut by the deadline of the connection', async () => {
  proxy.recorder.reset();
  const response = await post(proxy.url, { model: 'hanging' });
  assert.equal(response.status, 504);
  assert.equal((await proxy.recorder.settled()).attempts[0]?.errorType, 'timeout');
});
