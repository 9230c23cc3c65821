// The columns of the conformance matrix: every kind of provider that Signalbox sends calls to, each simulated in its own
// wire format, and what a request must look like to be one that the provider would take.

import { SCHEMA } from '../support/clients.ts';
import type { Json } from '../support/wire-types.ts';
import type { WireCall } from '../support/wire-server.ts';

export interface ProviderRow {
  readonly id: string;
  /** As in signalbox.yaml, but for the address. */
  readonly config: Json;
  /** Below the fake's address. */
  readonly base: string;
  /** Its beginning; what the answer is to be follows. */
  readonly model: string;
}

const api_key = 'provider-key-0123456789';
const vertex = { type: 'vertex', api_key, project: 'fake-project', region: 'europe-west4' };

export const PROVIDERS: readonly ProviderRow[] = [
  { id: 'openai', config: { api_key }, base: '/openai/v1', model: 'gpt-5.1' },
  { id: 'azure_openai', config: { api_key, api_version: '2025-04-01-preview' }, base: '/azure', model: 'gpt-5.1' },
  { id: 'anthropic', config: { api_key }, base: '', model: 'claude-sonnet-4-6' },
  { id: 'gemini', config: { api_key }, base: '', model: 'gemini-3-pro-preview' },
  { id: 'vertex_gemini', config: vertex, base: '/vertex', model: 'gemini-2.5-pro' },
  { id: 'vertex_claude', config: vertex, base: '/vertex', model: 'claude-opus-4-5' },
  {
    id: 'bedrock',
    config: { region: 'eu-central-1', aws: { access_key_id: 'AKIAFAKE', secret_access_key: 'fake-secret-0123456789' } },
    base: '',
    model: 'anthropic.claude-sonnet-4-5',
  },
  { id: 'cohere', config: { api_key }, base: '', model: 'command-a-reasoning-08-2025' },
  { id: 'mistral', config: { api_key }, base: '/mistral/v1', model: 'magistral-medium-2509' },
  { id: 'ollama', config: {}, base: '/ollama', model: 'gpt-oss' },
  { id: 'vllm', config: {}, base: '/vllm/v1', model: 'Qwen/Qwen3-32B' },
  { id: 'tgi', config: {}, base: '/tgi/v1', model: 'google/gemma-3-27b-it' },
  { id: 'llama_cpp', config: {}, base: '/llama_cpp/v1', model: 'gpt-oss-20b' },
];

export interface Tells {
  readonly thought: boolean;
  readonly cached: boolean;
  /** Tool calls have ids. */
  readonly ids: boolean;
}
const tells = (thought: boolean, cached: boolean, ids = true): Tells => ({ thought, cached, ids });

/** What each wire format can say of an answer, and how a request in it must look. */
interface Manners extends Tells {
  /** Fields that the API knows; it refuses others, or would not obey them. */
  readonly knows: readonly string[];
  /** The request asks the model to think. */
  thinks(body: Json): boolean;
  /** The request asks for JSON of a schema. */
  formats(body: Json): boolean;
  /** What the provider would refuse, in words. */
  refuses?(body: Json): string | undefined;
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inside, key) => (inside as Json | undefined)?.[key], value);
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const words = (text: string): readonly string[] => text.split(' ');

const CHAT =
  'model messages tools tool_choice response_format temperature top_p stop seed n presence_penalty frequency_penalty ' +
  'logit_bias user stream stream_options';
const CLASSIC = `${CHAT} max_tokens parallel_tool_calls reasoning_effort`;

function chat(about: Tells, knows: string, more: Partial<Manners> = {}): Manners {
  return {
    ...about,
    knows: words(knows),
    thinks: ({ reasoning_effort }) => typeof reasoning_effort === 'string',
    formats: (body) => at(body, 'response_format', 'json_schema', 'schema') !== undefined,
    refuses: ({ messages }) =>
      list(messages).some(({ role }) => role === 'developer') ? 'there is no role developer' : undefined,
    ...more,
  };
}

/** Turns of user and model one after the other, beginning with the user. */
function turns(messages: unknown, model: string): string | undefined {
  const roles = list(messages).map(({ role }) => role);
  const wrong = roles.findIndex((role, index) => role !== (index % 2 === 0 ? 'user' : model));
  return wrong < 0 ? undefined : `message ${wrong} is out of turn: ${roles.join(' ')}`;
}

const CLAUDE_FIELDS =
  'model max_tokens messages system tools tool_choice temperature top_p top_k stop_sequences stream thinking metadata ' +
  'output_config service_tier';

function claude(more: string): Manners {
  return {
    ...tells(true, true),
    knows: words(`${CLAUDE_FIELDS} ${more}`.trim()),
    thinks: ({ thinking }) => ['enabled', 'adaptive'].includes(String(at(thinking, 'type'))),
    formats: (body) => at(body, 'output_config', 'format', 'schema') !== undefined,
    refuses(body) {
      const budget = at(body, 'thinking', 'budget_tokens');
      if (typeof body['max_tokens'] !== 'number') return 'max_tokens is missing';
      if (budget !== undefined && !(Number(budget) >= 1024 && Number(budget) < body['max_tokens']))
        return `budget_tokens is ${String(budget)} of ${body['max_tokens']}`;
      return turns(body['messages'], 'assistant');
    },
  };
}

const gemini: Manners = {
  ...tells(true, true),
  knows: words('contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent labels'),
  thinks: (body) => at(body, 'generationConfig', 'thinkingConfig') !== undefined,
  formats: ({ generationConfig: config }) =>
    at(config, 'responseMimeType') === 'application/json' &&
    (at(config, 'responseJsonSchema') ?? at(config, 'responseSchema')) !== undefined,
  refuses: ({ contents }) => turns(contents, 'model'),
};

const OLLAMA = 'model options stream format think keep_alive';

/** By the fake's wire format. */
export const MANNERS: Readonly<Record<string, Manners>> = {
  openai_own_chat: chat(
    tells(false, true),
    `${CHAT} max_completion_tokens parallel_tool_calls reasoning_effort verbosity service_tier metadata store max_tokens ` +
      'prompt_cache_key logprobs top_logprobs',
    { refuses: () => undefined },
  ),
  azure_chat: chat(
    tells(false, true),
    `${CHAT} max_completion_tokens parallel_tool_calls reasoning_effort metadata store max_tokens`,
    { refuses: () => undefined },
  ),
  // It refuses every field that it does not know.
  mistral_chat: chat(
    tells(true, false),
    'model messages tools tool_choice response_format temperature top_p stop random_seed n presence_penalty ' +
      'frequency_penalty stream max_tokens parallel_tool_calls reasoning_effort prompt_mode safe_prompt metadata ' +
      'prompt_cache_key service_tier',
    {
      refuses({ messages }) {
        const calls = list(messages).flatMap((message) => list(message['tool_calls']));
        const ids = [...calls.map(({ id }) => id), ...list(messages).flatMap(({ tool_call_id: id }) => id ?? [])];
        const wrong = ids.find((id) => !/^[A-Za-z0-9]{9}$/.test(String(id)));
        if (wrong !== undefined) return `the id ${String(wrong)} has not nine letters and digits`;
        return list(messages).some(({ role }) => role === 'developer') ? 'there is no role developer' : undefined;
      },
    },
  ),
  vllm_chat: chat(tells(true, true), `${CLASSIC} max_completion_tokens top_k min_p chat_template_kwargs`, {
    refuses: () => undefined,
  }),
  tgi_chat: chat(tells(false, false), CLASSIC),
  llama_cpp_chat: chat(tells(true, true), `${CLASSIC} top_k min_p`),
  ollama_openai_chat: chat(tells(true, false), CLASSIC),
  openai_responses: {
    ...tells(true, true),
    knows: words(
      'model input instructions tools tool_choice parallel_tool_calls text reasoning temperature top_p stream store ' +
        'max_output_tokens include metadata user service_tier',
    ),
    thinks: (body) => at(body, 'reasoning', 'effort') !== undefined,
    formats: (body) => at(body, 'text', 'format', 'schema') !== undefined,
  },
  openai_completions: {
    ...tells(false, true),
    knows: words('model prompt stream stream_options max_tokens temperature top_p stop'),
    thinks: () => false,
    formats: () => false,
  },
  anthropic: claude(''),
  vertex_anthropic: {
    ...claude('anthropic_version'),
    knows: words(`${CLAUDE_FIELDS} anthropic_version`.replace('model ', '')),
  },
  bedrock_invoke: {
    ...claude('anthropic_version'),
    knows: words(`${CLAUDE_FIELDS} anthropic_version`.replace('model ', '')),
  },
  gemini,
  bedrock: {
    ...tells(true, true),
    knows: words(
      'messages system inferenceConfig toolConfig additionalModelRequestFields outputConfig requestMetadata serviceTier',
    ),
    thinks: (body) => at(body, 'additionalModelRequestFields', 'thinking', 'type') !== undefined,
    formats: (body) => at(body, 'outputConfig', 'textFormat', 'structure', 'jsonSchema', 'schema') !== undefined,
    refuses({ messages, toolConfig }) {
      const blocks = list(messages).flatMap(({ content }) => list(content));
      const used = blocks.some((block) => block['toolUse'] !== undefined || block['toolResult'] !== undefined);
      return used && toolConfig === undefined ? 'toolConfig is missing' : turns(messages, 'assistant');
    },
  },
  cohere: {
    ...tells(true, true),
    knows: words(
      'model messages tools tool_choice strict_tools response_format thinking max_tokens temperature p k seed ' +
        'stop_sequences frequency_penalty presence_penalty stream',
    ),
    thinks: (body) => at(body, 'thinking', 'type') === 'enabled',
    formats: ({ response_format: format }) => (at(format, 'json_schema') ?? at(format, 'schema')) !== undefined,
  },
  ollama_chat: {
    ...tells(true, false, false),
    knows: words(`${OLLAMA} messages tools`),
    thinks: ({ think }) => think !== undefined,
    formats: ({ format }) => typeof format === 'object',
  },
  ollama_generate: {
    ...tells(true, false, false),
    knows: words(`${OLLAMA} prompt system images`),
    thinks: ({ think }) => think !== undefined,
    formats: ({ format }) => typeof format === 'object',
  },
};

/** What the provider would have found wrong with a request that was written for it; a caller's own is none of ours. */
export function wrongIn({ wire, body }: WireCall): string | undefined {
  const manners = MANNERS[wire];
  if (manners === undefined) return undefined;
  const unknown = Object.keys(body).filter((name) => !manners.knows.includes(name));
  return unknown.length > 0 ? `${wire} knows no ${unknown.join(', ')}` : manners.refuses?.(body);
}

/** A fact of the tool's definition that must reach the provider. */
export const TOOL_FACT = Object.keys(SCHEMA.properties);
