// The rows of the conformance matrix: every dialect that is taken in, each spoken by the official clients that speak it.

import type { DialectId } from '../../schemas/call.ts';
import { clientsOf } from '../support/clients.ts';
import type { Client } from '../support/clients.ts';
import { langchainClients, vercelClients } from '../support/clients-frameworks.ts';
import {
  cohereClient,
  completionsClient,
  embeddingsClients,
  generateClient,
  invokeClient,
  mistralClient,
} from '../support/clients-other.ts';
import type { Tells } from './providers.ts';

export const FEATURES = [
  'plain',
  'stream',
  'tools',
  'parallel tools',
  'images',
  'reasoning',
  'JSON schema',
  'usage',
  'errors',
  'abort',
] as const;
export type Feature = (typeof FEATURES)[number];

export interface Caller extends Tells {
  readonly dialect: DialectId;
  /** The package. */
  readonly by: string;
  readonly client: Client;
  /** A stream of this client ends with usage. */
  readonly streamUsage: boolean;
  /** It takes a stream that breaks off for one that has ended, even directly. */
  readonly endsQuietly: boolean;
  /** It reads Mistral's way of saying thoughts, and takes calls of tools whole alone, as Mistral streams them. */
  readonly mistral: boolean;
  /** It reads only errors in OpenAI's exact shape. */
  readonly strictErrors: boolean;
  readonly features: readonly Feature[];
}

/** What a dialect has no way to ask for. */
const WITHOUT: Readonly<Partial<Record<DialectId, readonly Feature[]>>> = {
  openai_completions: ['tools', 'parallel tools', 'images', 'reasoning', 'JSON schema'],
  ollama_generate: ['tools', 'parallel tools'],
};
const VECTORS: readonly Feature[] = ['plain', 'usage', 'errors', 'abort'];

function caller(by: string, client: Client, more: Partial<Caller> = {}): Caller {
  const dialect = client.id as DialectId;
  const without = WITHOUT[dialect] ?? [];
  return {
    dialect,
    by,
    client,
    thought: dialect !== 'openai_completions',
    cached: !dialect.startsWith('ollama_'),
    ids: !dialect.startsWith('ollama_'),
    streamUsage: true,
    endsQuietly: false,
    mistral: false,
    strictErrors: false,
    features: dialect.endsWith('_embeddings') ? VECTORS : FEATURES.filter((each) => !without.includes(each)),
    ...more,
  };
}

const PACKAGES: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: '@anthropic-ai/sdk',
  gemini: '@google/genai',
  bedrock: '@aws-sdk/client-bedrock-runtime',
  ollama: 'ollama',
  cohere: 'cohere-ai',
};
const packageOf = ({ id }: Client): string => PACKAGES[id.slice(0, (id.indexOf('_') + 1 || id.length + 1) - 1)] ?? id;

/** @param url the proxy's */
export function callersOf(url: string): readonly Caller[] {
  const own = [
    ...clientsOf(url),
    completionsClient(url),
    invokeClient(url),
    generateClient(url),
    cohereClient(url),
    ...embeddingsClients(url),
  ];
  const vercel = vercelClients(url).map((client) =>
    caller(`ai + @ai-sdk/${client.id === 'gemini' ? 'google' : client.id.replace(/_.*/, '')}`, client, {
      // Its OpenAI chat model shows no thoughts.
      thought: client.id !== 'openai_chat',
      strictErrors: true,
    }),
  );
  const langchain = langchainClients(url).map((client) =>
    caller(`@langchain/${client.id.replace(/_.*/, '')}`, client, {
      thought: client.id !== 'openai_chat',
      strictErrors: true,
      endsQuietly: client.id === 'openai_responses',
      // It reads input from the first event alone, where a translated answer cannot know it, and adds up output.
      streamUsage: client.id !== 'anthropic',
    }),
  );
  return [
    ...own.map((client) => caller(packageOf(client), client)),
    // It reads neither `reasoning_content` nor cached tokens, and never asks for usage.
    caller('@mistralai/mistralai', mistralClient(url), {
      thought: false,
      cached: false,
      streamUsage: false,
      mistral: true,
    }),
    ...vercel,
    ...langchain,
  ];
}
