// What a person sees once everything runs: where, whether real providers are behind it, and a line that works.

import type { FirstCall } from '../schemas/api.ts';
import type { Config } from '../schemas/config.ts';
import type { Settings } from './config.ts';

/** Text for stdout. */
export function banner({ config }: Settings, roles: readonly string[]): string {
  const lines = ['', '  Signalbox is running.', ''];
  if (roles.includes('proxy'))
    lines.push(`  proxy      http://${config.proxy.listen}   point your SDK's base URL here`);
  if (roles.includes('collector'))
    lines.push(`  UI, API    http://${config.collector.listen}   OTLP/HTTP on the same port`);
  if (roles.includes('proxy')) lines.push('', ...providers(config), '', ...example(config));
  return `${lines.join('\n')}\n\n`;
}

function providers(config: Config): string[] {
  const ids = Object.keys(config.providers);
  if (ids.length === 0) {
    return [
      '  No provider key was found: the built-in simulated provider answers. Its words are made up.',
      '  Set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY, or write a signalbox.yaml, to reach real models.',
    ];
  }
  const keyless = ids.filter((id) => (config.providers[id]?.api_key ?? config.providers[id]?.api_keys) === undefined);
  const note =
    keyless.length > 0 ? `  (without a key of their own: ${keyless.join(', ')}; the caller's is forwarded)` : '';
  return [`  Providers: ${ids.join(', ')}${note}`];
}

/** A cheap model of providers that the environment's keys can make. */
const SMALL_MODELS: Readonly<Record<string, string>> = {
  simulated: 'sim-small',
  openai: 'gpt-5-mini',
  anthropic: 'claude-haiku-4-5',
  gemini: 'gemini-2.5-flash',
  mistral: 'mistral-small-latest',
  groq: 'llama-3.1-8b-instant',
  deepseek: 'deepseek-chat',
  openrouter: 'openai/gpt-5-mini',
};

/** A call that works with this config, once `YOUR_KEY` and `YOUR_MODEL` are replaced where they stand. */
export function firstCall(config: Config): FirstCall {
  const route = Object.keys(config.routes)[0];
  const [id, provider] = Object.entries(config.providers)[0] ?? ['simulated', undefined];
  const model = route ?? `${id}/${provider?.models[0] ?? SMALL_MODELS[id] ?? 'YOUR_MODEL'}`;
  return { url: `http://${config.proxy.listen}`, model, key_needed: config.keys.length > 0 };
}

function example(config: Config): string[] {
  const { url, model, key_needed } = firstCall(config);
  const key = key_needed ? " -H 'authorization: Bearer YOUR_KEY'" : '';
  return [
    '  Try it:',
    `  curl ${url}/v1/chat/completions${key} -H 'content-type: application/json' \\`,
    `    -d '{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}'`,
  ];
}
