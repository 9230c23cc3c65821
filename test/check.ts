// npm run check: types, lint, format and the rules of the house. Also the first step of npm test.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..');

interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

const bin = (path: string): string => join(root, 'node_modules', path);

const CHECKS: readonly Check[] = [
  { name: 'types', args: [bin('typescript/bin/tsc'), '-p', root] },
  {
    name: 'types of the UI',
    args: [
      bin('svelte-check/bin/svelte-check'),
      '--tsconfig',
      'ui/tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human',
    ],
  },
  { name: 'lint', args: [bin('oxlint/bin/oxlint'), '--deny-warnings'] },
  { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { name: 'house', args: ['--test', '--test-reporter=dot', join(root, 'test', 'house.test.ts')] },
];

/** Runs every check; prints the output of those that fail. Returns how many passed and failed. */
export function runChecks(names?: readonly string[]): { passed: number; failed: number } {
  const count = { passed: 0, failed: 0 };
  for (const { name, args } of CHECKS) {
    if (names && !names.includes(name)) continue;
    const run = spawnSync(process.execPath, [...args], { cwd: root, encoding: 'utf8' });
    const good = run.status === 0;
    count[good ? 'passed' : 'failed']++;
    process.stdout.write(`${good ? 'ok    ' : 'FAILED'} ${name}\n`);
    if (!good) process.stdout.write(`${run.stdout}${run.stderr}\n`);
  }
  return count;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { failed } = runChecks();
  process.exitCode = failed === 0 ? 0 : 1;
}
