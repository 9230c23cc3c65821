// Reads signalbox.yaml: variables from the environment, the shape from schemas/config.ts, and for every problem its
// file, line and path, all of them at once.

import { existsSync, readFileSync } from 'node:fs';
import { LineCounter, isScalar, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { configSchema, listenAddress, type Config } from '../schemas/config.ts';

export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  /** Dotted path, for example `routes.assistant.targets.0.model`; '' for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A config that cannot be used. Its message lists every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ file, line, path, message }) => `${file}:${line}: ${path ? `${path}: ` : ''}${message}`)
        .join('\n'),
    );
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks a config file.
 * @throws ConfigError with every problem, or when the file cannot be read
 */
export function loadConfig(file: string, env: Environment): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read' : String(code);
    throw new ConfigError([{ file, line: 1, path: '', message: `cannot read the config: ${why}` }]);
  }
  return parseConfig(text, file, env);
}

/** The same for text at hand; `file` only names it in problems. */
export function parseConfig(text: string, file: string, env: Environment): Config {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: true, logLevel: 'error' } as const;
  const document = parseDocument(maskVariables(text), options);
  const lineAt = (offset: number) => lines.linePos(offset).line || 1;
  // One syntax error makes a dozen echoes: the first is the one to mend.
  const syntax = document.errors[0];
  if (syntax)
    throw new ConfigError([{ file, line: lineAt(syntax.pos[0]), path: '', message: unquoted(syntax.message) }]);
  const alias = badAlias(document);
  if (alias) throw new ConfigError([{ file, line: lineAt(alias.offset), path: '', message: alias.message }]);
  const problems: ConfigProblem[] = [];
  for (const missing of substitute(document, env)) {
    problems.push({ file, line: lineAt(missing.offset), path: missing.path, message: missing.message });
  }
  const result = configSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  for (const issue of result.error?.issues ?? []) {
    for (const path of pathsOf(issue)) {
      problems.push({ file, line: lineAt(offsetOf(document, path)), path: path.join('.'), message: wording(issue) });
    }
  }
  if (problems.length > 0) throw new ConfigError(unique(problems));
  return configSchema.parse(document.toJS() ?? {});
}

/** The config of an empty file. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}

/** JSON Schema of the config file, for editors. */
export function configJsonSchema(): unknown {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, $id: 'signalbox.schema.json', title: 'signalbox.yaml' };
}

/** A parser's message without the text that it quotes: it may be somebody's key. */
function unquoted(message: string): string {
  return message.split(/: | %/)[0] ?? '';
}

/** The first `*name` that no `&name` stands before. */
function badAlias(document: Document): { offset: number; message: string } | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) === undefined) offset ??= rangeOf(node);
    },
  });
  return offset === undefined ? undefined : { offset, message: 'a value that begins with * needs quotes' };
}

interface Missing {
  readonly offset: number;
  readonly path: string;
  readonly message: string;
}

// `{ api_key: ${NAME} }` is what people write, and braces would end the YAML mapping. Before parsing, the three marks
// become private-use characters (one for one, so that positions stay true).
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const MASKED = /\uE000\uE001([A-Za-z_][A-Za-z0-9_]*)\uE002/g;

function maskVariables(text: string): string {
  return text.replace(VARIABLE, '\uE000\uE001$1\uE002');
}

/** Replaces `${NAME}` in string values; returns the names that are not set. A value never shows up in a message. */
function substitute(document: Document, env: Environment): Missing[] {
  const missing: Missing[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return;
      node.value = node.value.replace(MASKED, (_whole, variable: string) => {
        const value = env[variable];
        if (value !== undefined) return value;
        const path = ancestors.flatMap((step) => ('key' in step && isScalar(step.key) ? [String(step.key.value)] : []));
        missing.push({
          offset: node.range?.[0] ?? 0,
          path: path.join('.'),
          message: `the environment variable ${variable} is not set`,
        });
        return 'unset-variable';
      });
    },
  });
  return missing;
}

function pathsOf(issue: z.core.$ZodIssue): PropertyKey[][] {
  if (issue.code !== 'unrecognized_keys') return [[...issue.path]];
  return issue.keys.map((key) => [...issue.path, key]);
}

function wording(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? 'there is no such setting' : issue.message;
}

/** Where a path stands in the file: its key if it is there, else the nearest parent that is. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const pair = pairAt(node, step);
    if (pair === undefined) break;
    offset = pair.offset;
    node = pair.value;
  }
  return offset;
}

function pairAt(node: unknown, step: PropertyKey): { offset: number; value: unknown } | undefined {
  if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items)) return undefined;
  if (typeof step === 'number') {
    const item: unknown = node.items[step];
    return item === undefined ? undefined : { offset: rangeOf(item), value: item };
  }
  const pair = node.items.find((item) => isScalar(item?.key) && String(item.key.value) === String(step));
  return pair === undefined ? undefined : { offset: rangeOf(pair.key), value: pair.value };
}

function rangeOf(node: unknown): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  return Array.isArray(range) ? Number(range[0]) : 0;
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const first = new Map(problems.map((problem) => [`${problem.line} ${problem.path}`, problem] as const).reverse());
  return [...first.values()].sort((a, b) => a.line - b.line);
}

export interface Settings {
  readonly config: Config;
  /** The file it came from, or would come from. */
  readonly file: string;
  readonly dataDir: string;
}

export interface SettingsSource {
  /** As given on the command line. */
  readonly file: string | undefined;
  readonly data: string | undefined;
  /** For `${NAME}` and for the defaults of the command line. */
  readonly env: Environment;
  /** Where SIGNALBOX_*_LISTEN are read; `env` unless said. */
  readonly overrides?: Environment;
  readonly mustExist?: boolean;
}

/** Where people already have their keys, by the names that the providers' own SDKs read. */
const KEY_VARIABLES = {
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
  gemini: 'GEMINI_API_KEY',
  mistral: 'MISTRAL_API_KEY',
  cohere: 'COHERE_API_KEY',
  groq: 'GROQ_API_KEY',
  deepseek: 'DEEPSEEK_API_KEY',
  xai: 'XAI_API_KEY',
  openrouter: 'OPENROUTER_API_KEY',
  together: 'TOGETHER_API_KEY',
  fireworks: 'FIREWORKS_API_KEY',
} as const;

/**
 * The config and the data directory, from the command line, the environment and the file.
 * Without a file, provider keys in the environment make providers.
 * @throws ConfigError
 */
export function readSettings(source: SettingsSource): Settings {
  const { env } = source;
  const named = source.file ?? env.SIGNALBOX_CONFIG;
  const file = named ?? 'signalbox.yaml';
  const there = named !== undefined || source.mustExist === true || existsSync(file);
  const config = there ? loadConfig(file, env) : configSchema.parse({ providers: providersFrom(env) });
  const overrides = source.overrides ?? env;
  return {
    config: withAddresses(config, overrides),
    file,
    dataDir: source.data ?? overrides.SIGNALBOX_DATA ?? config.store.path ?? '.signalbox',
  };
}

function providersFrom(env: Environment): Record<string, { api_key: string }> {
  const found = Object.entries(KEY_VARIABLES).flatMap(([id, variable]) => {
    const key = env[variable];
    return key ? [[id, { api_key: key }] as const] : [];
  });
  return Object.fromEntries(found);
}

function withAddresses(config: Config, env: Environment): Config {
  const proxyListen = listenFrom(env, 'SIGNALBOX_PROXY_LISTEN') ?? config.proxy.listen;
  const collectorListen = listenFrom(env, 'SIGNALBOX_COLLECTOR_LISTEN');
  // A moved collector takes the proxy of the same machine along, unless the config points it elsewhere.
  const follows = config.proxy.collector === `http://${config.collector.listen}`;
  const collector = collectorListen && follows ? `http://${collectorListen}` : config.proxy.collector;
  return {
    ...config,
    proxy: { ...config.proxy, listen: proxyListen, collector },
    collector: { ...config.collector, listen: collectorListen ?? config.collector.listen },
  };
}

function listenFrom(env: Environment, variable: string): string | undefined {
  const value = env[variable];
  if (value === undefined || value === '') return undefined;
  const parsed = listenAddress.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError([
    { file: variable, line: 1, path: '', message: parsed.error.issues[0]?.message ?? 'is no address' },
  ]);
}
