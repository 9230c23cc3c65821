// npm test: the checks, then every test file, each in a process of its own. Names on the command line narrow it:
// `npm test -- flows spool` runs the files whose path has one of these words.
// The last line counts: N passed, N failed, N skipped.

import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { runChecks } from './check.ts';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);

/** Files that measure or load the machine run alone, after the others. */
const ALONE = /^test\/(flows|faults|ui|conformance)\//;

const count = { passed: 0, failed: 0, skipped: 0 };

function testFiles(): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: root }).filter((file) => !file.startsWith('test/bench/'));
  return all.filter((file) => words.length === 0 || words.some((word) => file.includes(word))).sort();
}

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files: files.map((file) => join(root, file)), concurrency, timeout: 300_000 });
  for await (const event of stream) {
    if (event.type === 'test:diagnostic' || event.type === 'test:stderr' || event.type === 'test:stdout') continue;
    if (event.type === 'test:pass') passed(event.data);
    else if (event.type === 'test:fail') failed(event.data);
  }
}

interface Result {
  readonly name: string;
  readonly file?: string;
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly details: { readonly type?: string; readonly duration_ms: number; readonly error?: Error };
}

function passed(result: Result): void {
  if (result.details.type === 'suite') return;
  if (result.skip !== undefined) count.skipped++;
  else count.passed++;
  if (result.nesting === 0)
    process.stdout.write(`ok     ${where(result)} (${Math.round(result.details.duration_ms)} ms)\n`);
}

function failed(result: Result): void {
  const cause = result.details.error?.cause;
  // A suite fails because a test in it did, which is already told.
  if (result.details.type === 'suite' && /subtests? failed/.test(String(result.details.error?.message))) return;
  count.failed++;
  const error =
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? result.details.error?.message);
  process.stdout.write(`FAILED ${where(result)}\n${error.replace(/^/gm, '       ')}\n`);
}

function where(result: Result): string {
  return `${result.file ? relative(root, result.file) : ''} ${result.name}`;
}

const started = Date.now();
if (words.length === 0) {
  const checks = runChecks(['types', 'types of the UI', 'lint', 'format']);
  count.passed += checks.passed;
  count.failed += checks.failed;
}
const files = testFiles();
await runFiles(
  files.filter((file) => !ALONE.test(file)),
  2,
);
await runFiles(
  files.filter((file) => ALONE.test(file)),
  1,
);
process.stdout.write(`\n${Math.round((Date.now() - started) / 1000)} s\n`);
process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
