// Makes a fresh checkout ready, then runs Signalbox on the Node that the lockfile pins.
// Plain JavaScript on purpose: the system's Node may be 20, which cannot run .ts files.
//
//   node setup.mjs [signalbox arguments]     e.g. up, demo, check signalbox.yaml
//   node setup.mjs --run FILE [arguments]    a script of this repository (tests, benchmarks)
//   node setup.mjs --complete-lockfile       see completeLockfile
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const stampFile = join(root, 'node_modules', '.signalbox-setup');
const pinnedNode = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

function fail(message) {
  process.stderr.write(`signalbox setup: ${message}\n`);
  process.exit(1);
}

function say(message) {
  process.stderr.write(`signalbox setup: ${message}\n`);
}

function npm(args) {
  const run = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (run.error) fail(`npm could not be started (${run.error.message}). Install npm 10 or newer.`);
  if (run.status !== 0) {
    process.stderr.write(run.stdout + run.stderr);
    fail(`npm ${args[0]} failed (exit ${run.status}); its output is above.`);
  }
}

function installedFor() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

/** Installs packages and the pinned Node when the lockfile is not the one last installed. */
function install() {
  const wanted = installedFor();
  const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
  if (installed === wanted && existsSync(pinnedNode)) return;
  say('installing packages (once, about a minute) ...');
  npm(existsSync(stampFile) ? ['install', '--no-save'] : ['ci']);
  // The `node` package puts the binary in place from its own script; every other package's scripts stay off.
  if (!existsSync(pinnedNode) || !runs(pinnedNode)) npm(['rebuild', 'node', '--ignore-scripts=false']);
  if (!runs(pinnedNode)) fail(`the pinned Node runtime did not install for ${process.platform}-${process.arch}.`);
  writeFileSync(stampFile, wanted);
}

function runs(binary) {
  return spawnSync(binary, ['--version'], { shell: process.platform === 'win32' }).status === 0;
}

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path)
      .filter((name) => name !== 'dist')
      .map((name) => newest(join(path, name))),
  );
}

/** Builds the UI when a file it is made of is newer than the last build. */
function buildUi() {
  const built = join(root, 'ui', 'dist', 'index.html');
  const sources = [join(root, 'ui'), join(root, 'schemas'), join(root, 'package-lock.json')];
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map(newest))) return;
  say('building the UI ...');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const run = spawnSync(pinnedNode, [vite, 'build', 'ui', '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (run.status !== 0) fail('the UI build failed; its output is above.');
}

/**
 * npm leaves other platforms' optional packages out of a lockfile when the registry at hand does not list them,
 * and then `npm ci` refuses the file. This adds the missing entries (name, version, os, cpu, libc): enough for npm
 * to skip them here and to fetch them where they belong.
 */
function completeLockfile() {
  const path = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const wanted = Object.values(lock.packages).flatMap((entry) => Object.entries(entry.optionalDependencies ?? {}));
  const added = wanted.filter(([name]) => !lock.packages[`node_modules/${name}`]);
  for (const [name, version] of added) {
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), optional: true };
  }
  const order = Object.keys(lock.packages).sort((a, b) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(order.map((key) => [key, lock.packages[key]]));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  say(`package-lock.json: ${added.length} entries added`);
}

function platformOf(name) {
  const words = name.replace(/^.*\//, '').split(/[-_]/);
  const has = (...any) => any.some((word) => words.includes(word));
  const os = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony'].filter((word) => has(word));
  const cpu = ['arm64', 'x64', 'ia32', 'arm', 'riscv64', 'ppc64', 's390x', 'loong64', 'wasm32'].filter((word) =>
    has(word),
  );
  if (os.length === 0 && cpu.length === 0) fail(`cannot tell the platform of ${name}; add its lock entry by hand.`);
  const libc = has('musl', 'musleabihf') ? { libc: ['musl'] } : has('gnu', 'gnueabihf') ? { libc: ['glibc'] } : {};
  return { ...(os.length ? { os } : {}), ...(cpu.length ? { cpu } : {}), ...libc };
}

function launch(args) {
  const env = { ...process.env };
  // A restarted worker is ready in half the time when its types are already stripped.
  env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node');
  // Set before Node starts or not at all: every busy store connection holds one thread of this pool.
  env.UV_THREADPOOL_SIZE ??= String(Math.max(16, availableParallelism() * 2));
  const child = spawn(pinnedNode, args, { cwd: process.cwd(), stdio: 'inherit', env });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // A terminal's Ctrl C reaches the child by itself; forwarding it too would count as the second, forcing one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('error', (error) => fail(`could not start ${pinnedNode}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

const args = process.argv.slice(2);
if (args[0] === '--complete-lockfile') {
  completeLockfile();
} else {
  install();
  if (args[0] === '--run') {
    launch([join(root, args[1]), ...args.slice(2)]);
  } else {
    if (['up', 'demo', 'collector'].includes(args[0])) buildUi();
    launch([join(root, 'signalbox.ts'), ...args]);
  }
}
