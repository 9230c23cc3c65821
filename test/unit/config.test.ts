// signalbox.yaml: every problem with its line and path, variables, defaults, and the example of the contract's sections
// that exist.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, loadConfig, parseConfig, readSettings } from '../../runtime/config.ts';

function problems(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, 'signalbox.yaml', env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
  return [];
}

test('an empty file is the default config', () => {
  const config = parseConfig('', 'signalbox.yaml', {});
  assert.equal(config.proxy.listen, '127.0.0.1:8080');
  assert.equal(config.proxy.drain, 30_000);
  assert.equal(config.capture.max_bytes, 256 * 1024);
  assert.equal(config.store.retention.spans, 30 * 86_400_000);
});

test('the README example is good', () => {
  const text = `
providers:
  openai: { api_key: \${OPENAI_API_KEY} }
  anthropic: { api_key: \${ANTHROPIC_API_KEY} }
  local: { type: openai_compatible, base_url: http://127.0.0.1:8000/v1 }
prices:
  local/llama-3.3-70b: { input: 0.2, output: 0.2 }
routes:
  assistant:
    strategy: weighted
    targets:
      - { model: openai/gpt-5-mini, weight: 3 }
      - { model: local/llama-3.3-70b, weight: 1 }
    fallback: [openai/gpt-5]
keys:
  - { name: search-team, key: \${SEARCH_KEY}, team: search, models: ["assistant", "openai/*"] }
capture: { content: full, max_bytes: 256KiB }
`;
  const env = { OPENAI_API_KEY: 'sk-{"#: x', ANTHROPIC_API_KEY: 'b', SEARCH_KEY: 'sb-0123456789' };
  const config = parseConfig(text, 'signalbox.yaml', env);
  assert.equal(config.providers.openai?.api_key, 'sk-{"#: x');
  assert.equal(config.keys[0]?.key, 'sb-0123456789');
  assert.equal(config.routes.assistant?.targets[0]?.weight, 3);
});

test('every problem comes at once, with its line and path', () => {
  const text = `proxy:
  listen: 127.0.0.1:99999
  bogus: 1
providers:
  openai: { api_key: \${NOPE} }
routes:
  a:
    targets:
      - { model: openai/x, weight: -1 }
      - { model: nomodel }
store: { retention: { spans: 30 } }
`;
  const lines = problems(text);
  assert.deepEqual(
    lines.map((line) => line.split(':')[0]),
    [
      '2 proxy.listen',
      '3 proxy.bogus',
      '5 providers.openai.api_key',
      '9 routes.a.targets.0.weight',
      '10 routes.a.targets.1.model',
      '11 store.retention.spans',
    ],
  );
  assert.match(lines.join('\n'), /NOPE is not set/);
});

test('sections are checked against each other', () => {
  const text = `providers:
  mine: {}
  local: { type: openai_compatible }
routes:
  a: { targets: [{ model: nowhere/x }] }
  b: { targets: [{ model: local/x, weight: 0 }] }
  local: { targets: [{ model: local/x }] }
keys:
  - { name: one, key: "12345678" }
  - { name: one, key: "87654321" }
`;
  const lines = problems(text).join('\n');
  assert.match(lines, /^2 providers\.mine: needs a type/m);
  assert.match(lines, /^3 providers\.local.*base_url/m);
  assert.match(lines, /^5 routes\.a\.targets\.0\.model: there is no provider "nowhere"/m);
  assert.match(lines, /^6 routes\.b\.targets: at least one weight/m);
  assert.match(lines, /^7 routes\.local: .*ambiguous/m);
  assert.match(lines, /^10 keys\.1\.name: "one" is already/m);
});

test('broken YAML, duplicate keys and prototypes are refused with a line', () => {
  assert.match(problems('proxy:\n  listen: [1\n').join(), /^\d+ : /);
  assert.match(problems('proxy: {}\nproxy: {}\n').join(), /^2 : .*unique/i);
  assert.match(problems('__proto__: { polluted: 1 }\n').join(), /no such setting|polluted/);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test('secrets never stand in a problem', () => {
  const text =
    'keys: [{ name: "bad name", key: ${SECRET} }]\nproviders: { openai: { api_key: ${SECRET}, base_url: "${SECRET}" } }\n';
  const lines = problems(text, { SECRET: 'canary-7f3a' }).join('\n');
  assert.ok(lines.length > 0);
  assert.ok(!lines.includes('canary'));
});

test('files that cannot be read are a plain sentence', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
  try {
    assert.throws(() => loadConfig(join(dir, 'none.yaml'), {}), /there is no such file/);
    assert.throws(() => loadConfig(dir, {}), /EISDIR/);
    const secret = join(dir, 'secret.yaml');
    writeFileSync(secret, 'proxy: {}');
    chmodSync(secret, 0);
    if (process.getuid?.() !== 0) assert.throws(() => loadConfig(secret, {}), /may not be read/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('without a file, keys of the environment make providers and addresses can be overridden', () => {
  const env = {
    OPENAI_API_KEY: 'sk-1',
    GEMINI_API_KEY: 'g',
    SIGNALBOX_COLLECTOR_LISTEN: '127.0.0.1:5000',
    SIGNALBOX_CONFIG: undefined,
  };
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
  const before = process.cwd();
  process.chdir(dir);
  try {
    const { config, dataDir } = readSettings({ file: undefined, data: undefined, env });
    assert.deepEqual(Object.keys(config.providers), ['openai', 'gemini']);
    assert.equal(config.collector.listen, '127.0.0.1:5000');
    assert.equal(config.proxy.collector, 'http://127.0.0.1:5000');
    assert.equal(dataDir, '.signalbox');
    assert.throws(
      () => readSettings({ file: undefined, data: undefined, env: { SIGNALBOX_PROXY_LISTEN: 'nonsense' } }),
      /SIGNALBOX_PROXY_LISTEN.*HOST:PORT/,
    );
  } finally {
    process.chdir(before);
    rmSync(dir, { recursive: true });
  }
});
