// A captured request as something to run again: a curl line or a few lines with the official SDK.

import type { FirstCall } from '../../schemas/api.ts';

export interface Snippet {
  readonly url: string;
  readonly body: string;
  readonly anthropic: boolean;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The key is left to the environment: it is never captured. */
export function curl({ url, body, anthropic }: Snippet): string {
  const key = anthropic ? 'x-api-key: $SIGNALBOX_KEY' : 'authorization: Bearer $SIGNALBOX_KEY';
  return [
    `curl ${shellQuote(url)}`,
    `  -H 'content-type: application/json'`,
    `  -H "${key}"`,
    `  -d ${shellQuote(body)}`,
  ].join(' \\\n');
}

const METHODS: readonly (readonly [path: string, method: string])[] = [
  ['/v1/chat/completions', 'chat.completions.create'],
  ['/v1/responses', 'responses.create'],
  ['/v1/embeddings', 'embeddings.create'],
  ['/v1/messages', 'messages.create'],
];

/** TypeScript for the official client of the request's dialect. */
export function sdk({ url, body, anthropic }: Snippet): string {
  const { origin, pathname } = new URL(url);
  const method = METHODS.find(([path]) => path === pathname)?.[1] ?? 'chat.completions.create';
  const base = anthropic ? origin : `${origin}/v1`;
  const [name, from] = anthropic ? ['Anthropic', '@anthropic-ai/sdk'] : ['OpenAI', 'openai'];
  return [
    `import ${name} from '${from}';`,
    '',
    `const client = new ${name}({ baseURL: '${base}', apiKey: process.env.SIGNALBOX_KEY ?? 'none' });`,
    `const answer = await client.${method}(${laidOut(body)});`,
    'console.log(answer);',
  ].join('\n');
}

function laidOut(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return JSON.stringify(body);
  }
}

/** A first call, ready to paste. */
export function firstCall({ url, model, key_needed }: FirstCall): string {
  const body = { model, messages: [{ role: 'user', content: 'Hello, who are you?' }] };
  const key = key_needed ? " -H 'authorization: Bearer YOUR_KEY'" : '';
  return `curl ${url}/v1/chat/completions${key} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
