// npm run build: dist/, which runs on any Node >= 22 without TypeScript. `npm pack` and the container image take it.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** What `signalbox` needs at run time; tests and this file stay out. */
const CONFIG = {
  extends: '../tsconfig.json',
  compilerOptions: { noEmit: false, outDir: '.', rootDir: '..', declaration: false },
  include: ['../signalbox.ts', '../schemas', '../runtime', '../proxy', '../collector', '../demo'],
};

function run(script: string, args: readonly string[]): void {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status === 0) return;
  process.stderr.write(`build: ${script} failed\n`);
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
run('vite/bin/vite.js', ['build', 'ui', '--logLevel', 'warn']);
cpSync(join(root, 'ui', 'dist'), join(dist, 'ui', 'dist'), { recursive: true });
cpSync(join(root, 'schemas', 'sql'), join(dist, 'schemas', 'sql'), { recursive: true });
for (const file of ['package.json', 'LICENSE', 'README.md']) cpSync(join(root, file), join(dist, file));
writeFileSync(join(dist, 'tsconfig.json'), JSON.stringify(CONFIG));
run('typescript/bin/tsc', ['-p', join(dist, 'tsconfig.json')]);
rmSync(join(dist, 'tsconfig.json'));
chmodSync(join(dist, 'signalbox.js'), 0o755);
process.stdout.write(`built ${dist}\n`);
