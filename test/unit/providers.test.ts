// Providers that prove themselves in ways of their own, and where each sends its calls. AWS's own signer is the judge of
// ours; login servers are real servers on loopback.

import assert from 'node:assert/strict';
import { createHash, createHmac, createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';
import { createProviders } from '../../proxy/providers/index.ts';
import { signV4 } from '../../proxy/providers/sigv4.ts';
import type { Endpoint, Provider, UpstreamRequest } from '../../proxy/providers/types.ts';
import { configSchema, PROVIDER_TYPES } from '../../schemas/config.ts';
import { HOSTS } from '../../schemas/hosts.ts';

function provider(config: Record<string, unknown>, name = 'p'): Provider {
  const read = configSchema.parse({ providers: { [name]: config } });
  const found = createProviders(read).get(name);
  assert.ok(found);
  return found;
}

function problems(config: Record<string, unknown>): string[] {
  const read = configSchema.safeParse({ providers: { p: config } });
  return (read.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const call = (dialect: Endpoint['dialect'], model = 'm', stream = false): Endpoint => ({
  dialect,
  path: '/x',
  model,
  stream,
});

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : bytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : bytes(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {}
}

function bytes(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

describe('SigV4', () => {
  test("property: the same signature as AWS's own signer", async () => {
    const model = fc.stringMatching(/^[a-z0-9:!'()*/ -][a-z0-9.:!'()*/ -]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(model, fc.string(), fc.boolean(), async (name, body, withToken) => {
        const credentials = {
          accessKeyId: 'AKIDEXAMPLE',
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
          sessionToken: withToken ? 'token+with/odd=characters' : undefined,
        };
        const at = new Date('2026-11-22T20:15:30.123Z');
        const path = `/model/${encodeURIComponent(name)}/converse`;
        const host = 'bedrock-runtime.eu-central-1.amazonaws.com';
        const signing = { credentials, region: 'eu-central-1', service: 'bedrock', host, at };
        const ours = signV4({ method: 'POST', path, body: Buffer.from(body) }, signing);
        const { sessionToken, ...keys } = credentials;
        const signer = new SignatureV4({
          credentials: sessionToken === undefined ? keys : { ...keys, sessionToken },
          region: 'eu-central-1',
          service: 'bedrock',
          sha256: Sha256,
        });
        const theirs = await signer.sign(
          { method: 'POST', protocol: 'https:', hostname: host, path, headers: { host }, body, query: {} },
          { signingDate: at },
        );
        const of = (header: string) => ours[ours.indexOf(header) + 1];
        assert.equal(of('authorization'), theirs.headers['authorization']);
        assert.equal(of('x-amz-date'), theirs.headers['x-amz-date']);
        if (withToken) assert.equal(of('x-amz-security-token'), sessionToken);
      }),
      { numRuns: 60 },
    );
  });
});

interface Login {
  readonly url: string;
  readonly forms: URLSearchParams[];
  status: number;
  life: number;
  close(): Promise<void>;
}

async function loginServer(): Promise<Login> {
  const server = createServer((request, response) => {
    void readForm(request).then((form) => {
      login.forms.push(form);
      const said = { access_token: `token-${login.forms.length}`, expires_in: login.life, token_type: 'Bearer' };
      response.writeHead(login.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(login.status === 200 ? said : { error: 'invalid_client', error_description: 'no' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections());
  const login: Login = { url: `http://127.0.0.1:${port}`, forms: [], status: 200, life: 3600, close };
  return login;
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

async function proof(from: Provider): Promise<string> {
  const request: UpstreamRequest = { method: 'POST', path: '/', headers: [], body: undefined };
  await from.sign?.(request);
  return request.headers[request.headers.indexOf('authorization') + 1] ?? '';
}

describe('access tokens', () => {
  test('Entra ID: one login for many calls at once, renewed when it is about to end', async () => {
    const login = await loginServer();
    try {
      const entra = { tenant_id: 'tenant', client_id: 'app', client_secret: 's3cret', login_url: login.url };
      const azure = provider({ type: 'azure_openai', base_url: 'https://x.openai.azure.com', entra });
      const proofs = await Promise.all(Array.from({ length: 20 }, () => proof(azure)));
      assert.deepEqual([...new Set(proofs)], ['Bearer token-1']);
      assert.equal(login.forms.length, 1);
      assert.equal(login.forms[0]?.get('client_secret'), 's3cret');
      const short = provider({ type: 'azure_openai', base_url: 'https://x.openai.azure.com', entra });
      login.life = 60;
      assert.equal(await proof(short), 'Bearer token-2');
      // Within its last minutes the old one still serves, while a new one is fetched beside it.
      assert.equal(await proof(short), 'Bearer token-2');
      while (login.forms.length < 3) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      await login.close();
    }
  });

  test('a login that fails says so without the secret, and the next call tries again', async () => {
    const login = await loginServer();
    try {
      login.status = 401;
      const entra = { tenant_id: 'tenant', client_id: 'app', client_secret: 's3cret-value', login_url: login.url };
      const azure = provider({ type: 'azure_openai', base_url: 'https://x.openai.azure.com', entra }, 'azure-eu');
      await assert.rejects(proof(azure), (error: Error) => {
        assert.match(error.message, /azure-eu.*401 invalid_client/);
        assert.ok(!error.message.includes('s3cret-value'));
        return true;
      });
      login.status = 200;
      assert.equal(await proof(azure), 'Bearer token-2');
    } finally {
      await login.close();
    }
  });

  test('a service account signs a statement that its public key verifies', async () => {
    const login = await loginServer();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    try {
      const credentials = JSON.stringify({
        type: 'service_account',
        client_email: 'bot@project.iam.gserviceaccount.com',
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        project_id: 'my-project',
        token_uri: login.url,
      });
      const vertex = provider({ type: 'vertex', region: 'europe-west4', credentials });
      assert.equal(await proof(vertex), 'Bearer token-1');
      const [header, payload, signature] = (login.forms[0]?.get('assertion') ?? '').split('.');
      const verify = createVerify('RSA-SHA256').update(`${header}.${payload}`);
      assert.ok(verify.verify(publicKey, signature ?? '', 'base64url'));
      const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as Record<string, unknown>;
      assert.equal(claims['iss'], 'bot@project.iam.gserviceaccount.com');
      assert.equal(claims['aud'], login.url);
      const place = '/v1/projects/my-project/locations/europe-west4/publishers';
      assert.equal(
        vertex.endpoint(call('gemini', 'gemini-3-pro', true)),
        `${place}/google/models/gemini-3-pro:streamGenerateContent?alt=sse`,
      );
      assert.equal(
        vertex.endpoint(call('anthropic', 'claude-opus-4-5@20251101')),
        `${place}/anthropic/models/claude-opus-4-5%4020251101:rawPredict`,
      );
      assert.deepEqual([...(vertex.dialectsFor?.('claude-x') ?? [])], ['anthropic']);
      assert.equal(vertex.dialectsFor?.('gemini-3-pro'), undefined);
      const shaped = vertex.shape?.(call('anthropic', 'claude-x'), { model: 'claude-x', max_tokens: 5 });
      assert.deepEqual(shaped, { anthropic_version: 'vertex-2023-10-16', max_tokens: 5 });
    } finally {
      await login.close();
    }
  });
});

describe('where calls go', () => {
  const rows: [string, Record<string, unknown>, Endpoint, string][] = [
    ['azure, v1', { type: 'azure_openai', base_url: 'https://x.openai.azure.com' }, call('openai_chat'), '/openai/v1/chat/completions'],
    ['azure, v1 with its path', { type: 'azure_openai', base_url: 'https://x.openai.azure.com/openai/v1/' }, call('openai_responses'), '/openai/v1/responses'],
    ['azure, dated', { type: 'azure_openai', base_url: 'https://x.openai.azure.com', api_version: '2024-10-21' }, call('openai_chat', 'my gpt'), '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21'],
    ['azure, dated responses', { type: 'azure_openai', base_url: 'https://x.openai.azure.com', api_version: '2025-04-01-preview' }, call('openai_responses', 'gpt'), '/openai/responses?api-version=2025-04-01-preview'],
    ['gemini', { type: 'gemini' }, call('gemini', 'gemini-3-pro'), '/v1beta/models/gemini-3-pro:generateContent'],
    ['gemini vectors', { type: 'gemini', base_url: 'http://h/google' }, call('gemini_embeddings', 'gemini-embedding-001'), '/google/v1beta/models/gemini-embedding-001:batchEmbedContents'],
    ['bedrock', { type: 'bedrock', region: 'eu-central-1' }, call('bedrock', 'eu.anthropic.claude-x-v1:0', true), '/model/eu.anthropic.claude-x-v1%3A0/converse-stream'],
    ['cohere', { type: 'cohere' }, call('cohere'), '/v2/chat'],
    ['ollama, its own', { type: 'ollama' }, call('ollama_chat'), '/api/chat'],
    ['ollama, OpenAI', { type: 'ollama', base_url: 'http://h:1/v1' }, call('openai_chat'), '/v1/chat/completions'],
    ['groq', { type: 'groq' }, call('openai_responses'), '/openai/v1/responses'],
  ]; // prettier-ignore
  for (const [name, config, endpoint, path] of rows) {
    test(name, () => assert.equal(provider(config).endpoint(endpoint), path));
  }

  test('a model that would be a way up in a path is refused', () => {
    for (const type of ['bedrock', 'gemini', 'vertex']) {
      const dialect = type === 'bedrock' ? 'bedrock' : 'gemini';
      const from = provider({
        type,
        ...(type === 'gemini' ? {} : { region: 'eu-west-1' }),
        ...(type === 'vertex' ? { project: 'p' } : {}),
      });
      for (const model of ['.', '..', '...']) {
        assert.throws(() => from.endpoint(call(dialect, model)), /is no name of a model/);
      }
    }
  });

  test('a regional address is the one of the region', () => {
    assert.equal(
      provider({ type: 'bedrock', region: 'eu-central-1' }).serverAddress,
      'bedrock-runtime.eu-central-1.amazonaws.com',
    );
    assert.equal(
      provider({ type: 'vertex', region: 'us-east5', project: 'p' }).serverAddress,
      'us-east5-aiplatform.googleapis.com',
    );
    assert.equal(provider({ type: 'vertex', project: 'p' }).serverAddress, 'aiplatform.googleapis.com');
  });

  test('at least 45 providers, each with an https address or one that is asked for', () => {
    assert.ok(PROVIDER_TYPES.length >= 47);
    for (const [id, { baseUrl }] of Object.entries(HOSTS)) {
      if (baseUrl === '') assert.match(problems({ type: id }).join(), /base_url: .*needs a base_url/, id);
      else
        assert.match(baseUrl, /^(?:https:\/\/[a-z0-9.-]+\.[a-z]+|http:\/\/127\.0\.0\.1:\d+)(?:\/[\w/.-]*[\w])?$/, id);
    }
  });
});

describe('what a provider cannot do without', () => {
  const key = JSON.stringify({ client_email: 'a@b', private_key: 'no key' });
  const rows: [string, Record<string, unknown>, RegExp][] = [
    ['bedrock without a region', { type: 'bedrock' }, /^providers\.p\.region: .*needs a region/],
    ['vertex without a project', { type: 'vertex' }, /^providers\.p\.project: .*needs a project/],
    ['credentials that are none', { type: 'vertex', credentials: '{"a":1}' }, /^providers\.p\.credentials: must be the JSON text/],
    ['credentials that are no JSON', { type: 'vertex', credentials: 'SECRET' }, /^providers\.p\.credentials: must be the JSON text[^"]*$/],
    ['a key that is none', { type: 'vertex', credentials: key }, /^providers\.p\.credentials: must be/],
    ['a field of another type', { type: 'openai', region: 'eu' }, /^providers\.p\.region: means nothing to a provider of type openai, only to bedrock, vertex/],
    ['azure without an address', { type: 'azure_openai', api_key: 'k' }, /^providers\.p\.base_url: .*needs a base_url/],
  ]; // prettier-ignore
  for (const [name, config, message] of rows) {
    test(name, () => {
      const [said] = problems(config);
      assert.match(said ?? '', message);
      assert.ok(!said?.includes('SECRET'));
    });
  }
});
