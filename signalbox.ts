#!/usr/bin/env node
// The command. The only file that sees all parts: it reads the command line and the config, starts the supervisor, and
// is itself what the supervisor's child processes run.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { banner } from './runtime/banner.ts';
import { ConfigError, configJsonSchema, readSettings, type Settings } from './runtime/config.ts';
import { isLoopback, splitAddress } from './runtime/address.ts';
import { deploymentEnvironment } from './runtime/environment.ts';
import { Life, within } from './runtime/lifecycle.ts';
import { StartError, lockDirectory } from './runtime/lock.ts';
import { createLogger, messageOf } from './runtime/log.ts';
import { AliveWriters, startPart, type PartContext, type Starts } from './runtime/part.ts';
import { Supervisor } from './runtime/supervisor.ts';
import { VERSION } from './runtime/version.ts';

const HELP = `Signalbox, an LLM gateway that watches itself

  signalbox up                 collector with its embedded store, proxy workers and UI
  signalbox proxy              proxy workers only; spans go to proxy.collector of the config
  signalbox collector          collector, store and UI only
  signalbox demo               up, with simulated providers, traffic and scripted incidents
  signalbox check [FILE]       says every problem of a config, with its line
  signalbox reprice            works the cost of stored calls out again: [--from --to --model --dry-run]
  signalbox reconcile FILE     compares the store with a provider's usage or cost export (CSV, JSON)
  signalbox reconcile --provider openai|anthropic    the same with its API: [--url --from --to]
  signalbox schema FILE        writes the config's JSON Schema, for editors

  --config FILE    the config (./signalbox.yaml, or SIGNALBOX_CONFIG)
  --data DIR       where data is kept (./.signalbox, or SIGNALBOX_DATA)
  --version, --help

  SIGNALBOX_PROXY_LISTEN and SIGNALBOX_COLLECTOR_LISTEN override the two addresses.
`;

const entry = fileURLToPath(import.meta.url);

const STARTS: Starts = {
  collector: async ({ options, log, metrics }) => {
    const { startCollector } = await import('./collector/main.ts');
    return startCollector({ config: options.config, dataDir: options.dataDir, log, metrics });
  },
  proxy: async ({ options, log, metrics, mergedMetrics }) => {
    const { startWorker } = await import('./proxy/main.ts');
    const worker = startWorker({ ...options, log, metrics, mergedMetrics });
    return { ...worker, close: andTellLosses(worker, await losses({ options, log, metrics })) };
  },
  reporter: async ({ options, log, metrics }) => {
    const { startReporter } = await import('./proxy/report/reporter.ts');
    const alive = new AliveWriters();
    const environment = deploymentEnvironment();
    const reporter = startReporter({
      ...options,
      log,
      metrics,
      version: VERSION,
      ...(environment === undefined ? {} : { environment }),
      isAlive: (writerId) => alive.has(writerId),
    });
    const close = andTellLosses(reporter, await losses({ options, log, metrics }));
    return { close, writers: (ids) => alive.set(ids) };
  },
};

type Closable = { close(): Promise<void> };

async function losses({ options, log, metrics }: Pick<PartContext, 'options' | 'log' | 'metrics'>): Promise<Closable> {
  const { reportLosses } = await import('./proxy/losses.ts');
  return reportLosses({ collector: options.config.proxy.collector, writerId: options.writerId, metrics, log });
}

/** The last word is what was lost, the losses of the end included. */
const andTellLosses = (part: Closable, told: Closable) => async () => {
  await part.close();
  await told.close();
};

/** Wrong usage of the command line: exit code 2. */
class UsageError extends Error {}

interface CommandLine {
  readonly command: string;
  readonly rest: readonly string[];
  readonly config: string | undefined;
  readonly data: string | undefined;
  /** Options of single commands. */
  readonly options: Readonly<Partial<Record<'from' | 'to' | 'model' | 'provider' | 'url', string>>>;
  readonly dryRun: boolean;
}

function readCommandLine(args: readonly string[]): CommandLine | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        data: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        model: { type: 'string' },
        provider: { type: 'string' },
        url: { type: 'string' },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  if (parsed.values.version) return void process.stdout.write(`signalbox ${VERSION}\n`);
  const [command, ...rest] = parsed.positionals;
  if (parsed.values.help || command === undefined || command === 'help') return void process.stdout.write(HELP);
  const { config, data, 'dry-run': dryRun = false, help: _help, version: _version, ...options } = parsed.values;
  return { command, rest, config, data, dryRun, options };
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === '--child') return startPart(STARTS);
  const line = readCommandLine(args);
  if (!line) return;
  const settings = () => readSettings({ file: line.config, data: line.data, env: process.env });
  switch (line.command) {
    case 'up':
      return run(settings(), ['collector', 'proxy']);
    case 'proxy':
    case 'collector':
      return run(settings(), [line.command]);
    case 'demo':
      return demo(line);
    case 'check':
      return check(line);
    case 'reprice':
    case 'reconcile':
      return billing(line, settings());
    case 'schema':
      return schema(line);
    default:
      throw new UsageError(`there is no command "${line.command}"`);
  }
}

function check(line: CommandLine): void {
  const { file } = readSettings({
    file: line.rest[0] ?? line.config,
    data: line.data,
    env: process.env,
    mustExist: true,
  });
  process.stdout.write(`${file}: good\n`);
}

function schema(line: CommandLine): void {
  if (!line.rest[0]) throw new UsageError('schema needs the FILE to write');
  writeFileSync(line.rest[0], `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}

async function billing({ command, rest, options, dryRun }: CommandLine, { config }: Settings): Promise<void> {
  const { reconcileCommand, repriceCommand } = await import('./collector/billing/commands.ts');
  const context = { config, print: (text: string) => void process.stdout.write(text) };
  if (command === 'reprice') return repriceCommand(context, { ...options, dryRun });
  const { provider = '' } = options;
  const [file = ''] = rest;
  if ((file === '') === (provider === '')) throw new UsageError('reconcile needs a FILE, or --provider');
  const key = process.env[`${provider.toUpperCase()}_ADMIN_KEY`] ?? config.providers[provider]?.api_key ?? '';
  return reconcileCommand(context, { ...options, file, key });
}

async function demo(line: CommandLine): Promise<void> {
  const { prepareDemo } = await import('./demo/main.ts');
  const log = createLogger('demo');
  const settings = readSettings({ file: undefined, data: line.data, env: {}, overrides: process.env });
  const prepared = await prepareDemo({ log });
  await run(
    { ...settings, config: { ...settings.config, ...prepared.config } },
    ['collector', 'proxy'],
    async ({ config }) => {
      return prepared.start({ proxy: config.proxy.listen, collector: config.collector.listen });
    },
  );
}

type Role = 'collector' | 'proxy';
type AndThen = (settings: Settings) => Promise<{ close(): Promise<void> }>;

async function run(settings: Settings, roles: readonly Role[], andThen?: AndThen): Promise<void> {
  const { config } = settings;
  const log = createLogger('supervisor');
  refuseOpenDoors(settings, roles);
  const dataDir = resolve(settings.dataDir);
  const life = new Life(log);
  for (const role of roles) life.add('lock', lockDirectory(`${dataDir}/${role}`));
  const supervisor = new Supervisor({ config, dataDir, entry, roles, log });
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) {
      log.warn('second signal: ending at once', { signal });
      supervisor.kill();
      process.exit(1);
    }
    stopping = true;
    log.info('draining', { signal });
    void life.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  life.add('processes', () => supervisor.stop());
  try {
    await supervisor.start();
  } catch (error) {
    await within(5_000, life.close());
    throw error;
  }
  process.stdout.write(banner(settings, roles));
  const more = await andThen?.(settings);
  if (more) life.add('demo', () => more.close());
}

/** An address that other machines reach needs a key before anything listens there. */
function refuseOpenDoors({ config, file }: Settings, roles: readonly Role[]): void {
  const open = (address: string) => !isLoopback(splitAddress(address).host);
  if (roles.includes('proxy') && open(config.proxy.listen) && config.keys.length === 0) {
    throw new StartError(
      `proxy: ${config.proxy.listen} can be reached from other machines and no key is configured. Add to ${file}:\n` +
        'keys:\n  - { name: first, key: "${SIGNALBOX_KEY}" }',
    );
  }
  if (roles.includes('collector') && open(config.collector.listen) && config.collector.admin_key === undefined) {
    throw new StartError(
      `collector: ${config.collector.listen} can be reached from other machines and no admin key is set. Add to ${file}:\n` +
        'collector:\n  admin_key: "${SIGNALBOX_ADMIN_KEY}"',
    );
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`signalbox: ${error.message}\n\n${HELP}`);
    process.exit(2);
  }
  const known =
    error instanceof ConfigError ||
    error instanceof StartError ||
    (error instanceof Error && error.name === 'ReportError');
  process.stderr.write(`signalbox: ${known ? '' : 'could not go on: '}${messageOf(error)}\n`);
  process.exit(1);
}
