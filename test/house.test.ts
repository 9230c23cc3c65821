// The rules of the house that no linter sees: who imports whom, who owns which package, how long a file may be, that
// every plug-in is registered, that the lockfile and the documents are what they claim.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const sources = tracked.filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.d.ts'));
const product = sources.filter((path) =>
  /^(signalbox\.ts|(schemas|runtime|proxy|collector|ui|demo|deploy)\/)/.test(path),
);

/** What a file imports: relative ones as paths of the repository, packages by name. */
function importsOf(path: string): { local: string[]; packages: string[] } {
  const found = { local: [] as string[], packages: [] as string[] };
  const pattern = /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;
  for (const match of read(path).matchAll(pattern)) {
    const name = match[1] ?? match[2] ?? '';
    if (name.startsWith('.')) found.local.push(posix.join(posix.dirname(path), name));
    else if (!name.startsWith('node:'))
      found.packages.push(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
  }
  return found;
}

const room = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  schemas: ['schemas'],
  runtime: ['runtime', 'schemas'],
  proxy: ['proxy', 'runtime', 'schemas'],
  collector: ['collector', 'runtime', 'schemas'],
  ui: ['ui', 'schemas'],
  demo: ['demo', 'runtime', 'schemas'],
  deploy: ['deploy'],
};

test('layers: a room imports only the rooms below it', () => {
  const wrong = product.flatMap((path) => {
    const allowed = MAY_IMPORT[room(path)];
    return allowed
      ? importsOf(path)
          .local.filter((other) => !allowed.includes(room(other)))
          .map((other) => `${path} -> ${other}`)
      : [];
  });
  assert.deepEqual(wrong, []);
});

test('the UI takes only types from the schemas', () => {
  const wrong = product
    .filter((path) => path.startsWith('ui/'))
    .flatMap((path) =>
      [...read(path).matchAll(/import\s+(?!type\b)[^'"]*from\s+'[^']*schemas\/[^']*'/g)].map(
        (match) => `${path}: ${match[0]}`,
      ),
    );
  assert.deepEqual(wrong, []);
});

const OWNERS: Readonly<Record<string, RegExp>> = {
  '@clickhouse/client': /^collector\/store\//,
  chdb: /^collector\/store\//,
  '@opentelemetry/api': /^proxy\/report\//,
  '@opentelemetry/sdk-node': /^proxy\/report\//,
  '@opentelemetry/exporter-trace-otlp-http': /^proxy\/report\//,
  express: /^collector\/(server|http|api\/)/,
  ws: /^(collector\/live\.ts|proxy\/realtime\/session\.ts|proxy\/realtime\/open\.ts)$/,
  undici: /^(proxy|demo)\//,
  'simple-statistics': /^collector\/stats\//,
  '@pydantic/genai-prices': /^schemas\/price/,
  'gpt-tokenizer': /^(collector|proxy)\//,
  zod: /^(schemas|runtime|collector\/api|collector\/store)\//,
  yaml: /^(runtime|demo)\//,
  svelte: /^ui\//,
  uplot: /^ui\//,
  vite: /^ui\//,
  '@sveltejs/vite-plugin-svelte': /^ui\//,
};

test('every package has one owner', () => {
  const wrong = product.flatMap((path) => {
    return importsOf(path)
      .packages.filter((name) => !(OWNERS[name]?.test(path) || name.startsWith('@fontsource')))
      .map((name) => `${path} imports ${name}`);
  });
  assert.deepEqual(wrong, []);
});

test('the environment and the console belong to runtime and the command', () => {
  // The snippet page writes code for others, which may well say process.env.
  const free = /^(runtime\/|signalbox\.ts|ui\/vite\.config\.ts|deploy\/|ui\/lib\/snippet\.ts)/;
  const wrong = product.filter(
    (path) => !free.test(path) && /\bprocess\.env\b|\bconsole\.|process\.std(out|err)\b/.test(read(path)),
  );
  assert.deepEqual(wrong, []);
});

test('files keep to their length', () => {
  const long = product.flatMap((path) => {
    const lines = read(path).split('\n').length - 1;
    return lines > (path.endsWith('.svelte') ? 250 : 300) ? [`${path}: ${lines}`] : [];
  });
  assert.deepEqual(long, []);
});

/** Lines of TypeScript and Svelte a room may have. Raising one is a commit of its own with a line in DECISIONS.md. */
const BUDGETS: Readonly<Record<string, number>> = {
  schemas: 14500,
  runtime: 2000,
  proxy: 10400,
  collector: 10400,
  ui: 8500,
  demo: 2600,
  deploy: 400,
};

test('rooms keep to their budget', () => {
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const lines = product
      .filter((path) => room(path) === name)
      .reduce((sum, path) => sum + read(path).split('\n').length - 1, 0);
    assert.ok(lines <= budget, `${name} has ${lines} lines, its budget is ${budget}`);
  }
});

/** Kinds whose members are files and whose registry is index.ts. */
const KINDS = [
  'proxy/stages',
  'proxy/routing',
  'proxy/providers',
  'collector/processors',
  'collector/receivers',
  'collector/api',
  'schemas/dialects',
];

test('no plug-in is an orphan and no plug-in imports a sibling plug-in of a registry', () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path) || !existsSync(join(root, path))) return;
    reached.add(path);
    for (const next of importsOf(path).local) visit(next);
  };
  visit('signalbox.ts');
  visit('ui/main.ts');
  const orphans = product.filter((path) => KINDS.includes(dirname(path)) && path.endsWith('.ts') && !reached.has(path));
  assert.deepEqual(orphans, []);
});

test('nothing is marked as unfinished or switched off', () => {
  const words = new RegExp(
    ['TO' + 'DO', 'FIX' + 'ME', '@ts-' + 'ignore', '@ts-' + 'nocheck', '\\.on' + 'ly\\('].join('|'),
  );
  assert.deepEqual(
    sources.filter((path) => words.test(read(path))),
    [],
  );
});

test('the UI never renders raw HTML', () => {
  assert.deepEqual(
    sources.filter((path) => path.endsWith('.svelte') && read(path).includes('{@' + 'html')),
    [],
  );
});

test('TLS checks are never switched off', () => {
  assert.deepEqual(
    product.filter((path) => read(path).includes('reject' + 'Unauthorized')),
    [],
  );
});

test('no registry host and no path of a build machine is in the repository', () => {
  const hosts = new RegExp(['registry\\.npm' + 'js', 'deb\\.deb' + 'ian', '/wo' + 'rk/', '/ro' + 'ot/'].join('|'));
  const texts = tracked.filter((path) => !/\.(png|woff2?|ico)$/.test(path));
  assert.deepEqual(
    texts.filter((path) => hosts.test(read(path))),
    [],
  );
});

interface LockEntry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly license?: string;
  readonly link?: boolean;
}

const lock: { packages: Record<string, LockEntry> } = JSON.parse(read('package-lock.json'));
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

test('the lockfile pins every package and names no address', () => {
  for (const [path, entry] of locked) {
    assert.equal(entry.resolved, undefined, path);
    assert.ok(entry.version, path);
    const platformOnly = entry.optional === true && (entry.os ?? entry.cpu) !== undefined;
    assert.ok(entry.integrity?.startsWith('sha512-') || platformOnly, `${path} has no sha512`);
  }
});

test('the lockfile has the optional packages of every platform', () => {
  const wanted = Object.values(lock.packages).flatMap((entry) =>
    Object.keys((entry as { optionalDependencies?: object }).optionalDependencies ?? {}),
  );
  assert.deepEqual(
    wanted.filter((name) => !lock.packages[`node_modules/${name}`]),
    [],
  );
});

test('direct dependencies are exact versions', () => {
  const manifest = JSON.parse(read('package.json'));
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
  }
});

test('licences are permissive', () => {
  // Fonts are OFL and are data; MPL files of the development tools are used unmodified.
  const good =
    /^\(?(MIT|MIT-0|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|CC0-1\.0|BlueOak-1\.0\.0|Unlicense|Python-2\.0|CC-BY-4\.0|OFL-1\.1|MPL-2\.0)\b/;
  const wrong = locked
    .filter(([, { license }]) => license !== undefined && !license.split(/ OR /).some((choice) => good.test(choice)))
    .map(([path, entry]) => `${path}: ${entry.license}`);
  assert.deepEqual(wrong, []);
});

/** Versions below which a published fault would be ours too. */
const FLOORS: Readonly<Record<string, readonly [number, number, number]>> = {
  ws: [8, 21, 1], 'path-to-regexp': [8, 4, 0], protobufjs: [7, 5, 6], undici: [8, 10, 1], qs: [6, 14, 1],
}; // prettier-ignore

test('packages are above the versions with known faults', () => {
  for (const [path, entry] of locked) {
    const floor = FLOORS[path.slice(path.lastIndexOf('node_modules/') + 13)];
    const { dev, devOptional } = entry as { dev?: boolean; devOptional?: boolean };
    if (!floor || dev === true || devOptional === true) continue;
    const version = (entry.version ?? '').split('.').map(Number);
    const order = floor.map((least, index) => Math.sign((version[index] ?? 0) - least)).find((sign) => sign !== 0) ?? 0;
    assert.ok(order >= 0, `${path} is ${entry.version}, needs ${floor.join('.')}`);
  }
});

test('paths named in ARCHITECTURE.md exist', () => {
  const text = read('ARCHITECTURE.md');
  const paths = [
    ...text.matchAll(
      /`((?:schemas|runtime|proxy|collector|ui|demo|deploy|dashboards|test|docs)\/[\w./-]*|signalbox\.ts|setup\.mjs)`/g,
    ),
  ].map((match) => match[1] ?? '');
  assert.ok(paths.length > 10);
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test('the JSON Schema of the config is the one the code makes', async () => {
  const { configJsonSchema } = await import('../runtime/config.ts');
  assert.deepEqual(JSON.parse(read('schemas/signalbox.schema.json')), JSON.parse(JSON.stringify(configJsonSchema())));
});
