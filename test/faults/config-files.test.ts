// Fault I06 of the catalogue: a config that is no file or was half written, and an environment that says nothing about
// production. One plain line a problem, exit code 1, and never a stack.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function refused(text: string | undefined, expected: RegExp): void {
  const file = join(dir, 'signalbox.yaml');
  if (text !== undefined) writeFileSync(file, text);
  const { NODE_ENV: _unset, ...env } = process.env;
  const args = ['signalbox.ts', 'up', '--config', text === undefined ? dir : file, '--data', join(dir, 'data')];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 30_000, env });
  assert.equal(run.status, 1, run.stderr);
  assert.match(run.stderr, expected);
  assert.doesNotMatch(run.stderr + run.stdout, /^\s+at |node:internal|secret-in-the-file/m);
}

test('I06 a config that is a directory, half written, or not text', () => {
  refused(undefined, /^signalbox: .*:1: cannot read the config: EISDIR$/m);
  refused('providers:\n  openai: { api_key: secret-in-the-file', /^signalbox: .*signalbox\.yaml:\d+: /m);
  refused('proxy:\n  listen: 127.0.0.1:1\n  lis', /^signalbox: .*signalbox\.yaml:\d+: /m);
  refused('\u0000\u0001\u0002', /^signalbox: .*signalbox\.yaml:\d+: /m);
});
