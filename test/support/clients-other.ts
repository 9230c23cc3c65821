// More official SDKs as callers: the older APIs (completions, generate, InvokeModel), Cohere's and Mistral's clients, and
// embeddings, whose vectors are told as text.

import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { InvokeModelCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import type { ChatCompletionRequest } from '@mistralai/mistralai/models/components';
import { CohereClientV2 } from 'cohere-ai';
import type { Cohere } from 'cohere-ai';
import { Ollama } from 'ollama';
import type { GenerateResponse } from 'ollama';
import OpenAI from 'openai';
import { BUDGET, collect, finishOf, FORMAT, KEY, PIXEL, RESULT, said, SCHEMA, statusError, TOOL } from './clients.ts';
import type { Ask, Client, Got } from './clients.ts';

const DATA_URL = `data:image/png;base64,${PIXEL}`;
const NOTHING: Got = {
  text: '',
  thought: '',
  tools: [],
  finish: 'stop',
  usage: { input: 0, cached: 0, output: 0 },
  chunks: 0,
};

export function completionsClient(url: string): Client {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0 });
  const params = (ask: Ask) => ({ model: ask.model, prompt: [ask.system, said(ask)].filter(Boolean).join('\n') });
  const got = (all: readonly OpenAI.Completion[]): Got => {
    const usage = all.findLast((each) => each.usage)?.usage;
    return {
      ...NOTHING,
      text: all.map(({ choices }) => choices[0]?.text ?? '').join(''),
      finish: finishOf(
        all.flatMap(({ choices }) => choices).findLast(({ finish_reason }) => finish_reason)?.finish_reason,
        0,
      ),
      usage: {
        input: usage?.prompt_tokens ?? 0,
        cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
        output: usage?.completion_tokens ?? 0,
      },
    };
  };
  const options = (ask: Ask) => ({ signal: ask.signal ?? null });
  return {
    id: 'openai_completions',
    whole: async (ask) => got([await client.completions.create(params(ask), options(ask))]),
    async stream(ask) {
      const asked = { ...params(ask), stream: true as const, stream_options: { include_usage: true } };
      return collect(await client.completions.create(asked, options(ask)), ask, got);
    },
    failure: statusError,
    close: () => {},
  };
}

/** Anthropic's body and answer inside AWS's envelope. */
export function invokeClient(url: string): Client {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    token: { token: KEY },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  });
  const input = (ask: Ask) => ({
    modelId: ask.model,
    contentType: 'application/json',
    body: JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 4000,
      system: ask.system,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: said(ask) },
            ...(ask.image ? [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }] : []),
          ],
        },
        ...(ask.history
          ? [
              {
                role: 'assistant',
                content: [{ type: 'tool_use', id: 'call_h1', name: 'weather', input: { city: 'Zürich' } }],
              },
              { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_h1', content: RESULT }] },
            ]
          : []),
      ],
      tools: ask.tools || ask.history ? [{ ...TOOL, input_schema: SCHEMA }] : undefined,
      thinking: ask.think ? { type: 'enabled', budget_tokens: BUDGET } : undefined,
      output_config: ask.format ? { format: { type: 'json_schema', schema: FORMAT } } : undefined,
    }),
  });
  const options = (ask: Ask) => (ask.signal === undefined ? {} : { abortSignal: ask.signal });
  return {
    id: 'bedrock_invoke',
    async whole(ask) {
      const { body } = await client.send(new InvokeModelCommand(input(ask)), options(ask));
      return gotOfClaude(JSON.parse(new TextDecoder().decode(body)) as ClaudeAnswer);
    },
    async stream(ask) {
      const { body } = await client.send(new InvokeModelWithResponseStreamCommand(input(ask)), options(ask));
      const answer: ClaudeAnswer = { content: [], stop_reason: '', usage: {} };
      let chunks = 0;
      for await (const { chunk } of body ?? []) {
        chunks++;
        ask.onChunk?.();
        grow(answer, JSON.parse(new TextDecoder().decode(chunk?.bytes)) as ClaudeEvent);
      }
      return { ...gotOfClaude(answer), chunks };
    },
    failure: (error) => {
      const { $metadata, message } = error as { $metadata?: { httpStatusCode?: number }; message: string };
      return { status: $metadata?.httpStatusCode, message };
    },
    close: () => client.destroy(),
  };
}

interface ClaudeBlock {
  type: string;
  text?: string;
  thinking?: string;
  id?: string;
  name?: string;
  input?: unknown;
  json?: string;
}
interface ClaudeAnswer {
  content: ClaudeBlock[];
  stop_reason: string;
  usage: Record<string, number | null>;
}
interface ClaudeEvent {
  type: string;
  index?: number;
  message?: ClaudeAnswer;
  content_block?: ClaudeBlock;
  delta?: { text?: string; thinking?: string; partial_json?: string; stop_reason?: string };
  usage?: Record<string, number | null>;
}

function grow(
  answer: ClaudeAnswer,
  { type, index = 0, message, content_block: block, delta, usage }: ClaudeEvent,
): void {
  if (type === 'message_start') Object.assign(answer.usage, message?.usage);
  if (type === 'content_block_start' && block) answer.content[index] = { ...block, json: '' };
  const open = answer.content[index];
  if (type === 'content_block_delta' && open && delta) {
    open.text = (open.text ?? '') + (delta.text ?? '');
    open.thinking = (open.thinking ?? '') + (delta.thinking ?? '');
    open.json = (open.json ?? '') + (delta.partial_json ?? '');
  }
  if (type === 'message_delta') {
    answer.stop_reason = delta?.stop_reason ?? '';
    Object.assign(answer.usage, usage);
  }
}

function gotOfClaude({ content, stop_reason: reason, usage }: ClaudeAnswer): Got {
  const said = (type: string, key: 'text' | 'thinking') =>
    content.map((block) => (block.type === type ? (block[key] ?? '') : '')).join('');
  const tools = content.filter(({ type }) => type === 'tool_use');
  const cached = usage['cache_read_input_tokens'] ?? 0;
  return {
    text: said('text', 'text'),
    thought: said('thinking', 'thinking'),
    tools: tools.map(({ id = '', name = '', input, json }) => ({
      id,
      name,
      args: json ? (JSON.parse(json) as unknown) : input,
    })),
    finish: finishOf(reason, 0),
    usage: {
      input: (usage['input_tokens'] ?? 0) + cached + (usage['cache_creation_input_tokens'] ?? 0),
      cached,
      output: usage['output_tokens'] ?? 0,
    },
    chunks: 0,
  };
}

const ollamaOf = (url: string, ask: Ask) =>
  new Ollama({
    host: url,
    headers: { authorization: `Bearer ${KEY}` },
    fetch: (input, init) => fetch(input, { ...init, ...(ask.signal === undefined ? {} : { signal: ask.signal }) }),
  });

export function generateClient(url: string): Client {
  const params = (ask: Ask) => ({
    model: ask.model,
    prompt: said(ask),
    ...(ask.system === undefined ? {} : { system: ask.system }),
    ...(ask.image ? { images: [PIXEL] } : {}),
    ...(ask.think ? { think: 'medium' as const } : {}),
    ...(ask.format ? { format: FORMAT } : {}),
  });
  const got = (all: readonly GenerateResponse[]): Got => ({
    ...NOTHING,
    text: all.map(({ response }) => response).join(''),
    thought: all.map(({ thinking }) => thinking ?? '').join(''),
    finish: finishOf(all.at(-1)?.done_reason, 0),
    usage: { input: all.at(-1)?.prompt_eval_count ?? 0, cached: 0, output: all.at(-1)?.eval_count ?? 0 },
  });
  return {
    id: 'ollama_generate',
    whole: async (ask) => got([await ollamaOf(url, ask).generate({ ...params(ask), stream: false })]),
    stream: async (ask) => collect(await ollamaOf(url, ask).generate({ ...params(ask), stream: true }), ask, got),
    failure: statusError,
    close: () => {},
  };
}

const cohereOf = (url: string) => new CohereClientV2({ environment: url, token: KEY, maxRetries: 0 });
const cohereOptions = (ask: Ask) => (ask.signal === undefined ? {} : { abortSignal: ask.signal });
const cohereFailure: Client['failure'] = (error) => {
  const { statusCode, body, message } = error as { statusCode?: number; body?: { message?: string }; message: string };
  return { status: statusCode, message: body?.message ?? message };
};
const cohereUsage = (usage: Cohere.Usage | undefined) => ({
  input: usage?.tokens?.inputTokens ?? 0,
  cached: usage?.cachedTokens ?? 0,
  output: usage?.tokens?.outputTokens ?? 0,
});
const COHERE_FINISH: Readonly<Record<string, string>> = { COMPLETE: 'stop', MAX_TOKENS: 'length', TOOL_CALL: 'tools' };

export function cohereClient(url: string): Client {
  const client = cohereOf(url);
  const params = (ask: Ask): Cohere.V2ChatRequest => ({
    model: ask.model,
    messages: [
      ...(ask.system === undefined ? [] : [{ role: 'system' as const, content: ask.system }]),
      {
        role: 'user',
        content: ask.image
          ? [
              { type: 'text', text: said(ask) },
              { type: 'image_url', imageUrl: { url: DATA_URL } },
            ]
          : said(ask),
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              toolCalls: [
                {
                  id: 'call_h1',
                  type: 'function' as const,
                  function: { name: 'weather', arguments: '{"city":"Zürich"}' },
                },
              ],
            },
            { role: 'tool' as const, toolCallId: 'call_h1', content: RESULT },
          ]
        : []),
    ],
    ...(ask.tools || ask.history
      ? { tools: [{ type: 'function' as const, function: { ...TOOL, parameters: SCHEMA } }] }
      : {}),
    ...(ask.think ? { thinking: { type: 'enabled' as const, tokenBudget: BUDGET } } : {}),
    ...(ask.format ? { responseFormat: { type: 'json_object' as const, jsonSchema: FORMAT } } : {}),
  });
  return {
    id: 'cohere',
    async whole(ask) {
      const { message, finishReason, usage } = await client.chat(params(ask), cohereOptions(ask));
      return {
        text: (message.content ?? []).map((item) => (item.type === 'text' ? item.text : '')).join(''),
        thought: (message.content ?? []).map((item) => (item.type === 'thinking' ? item.thinking : '')).join(''),
        tools: (message.toolCalls ?? []).map(({ id, function: called }) => ({
          id,
          name: called?.name ?? '',
          args: JSON.parse(called?.arguments ?? '{}') as unknown,
        })),
        finish: COHERE_FINISH[finishReason] ?? finishReason,
        usage: cohereUsage(usage),
        chunks: 0,
      };
    },
    async stream(ask) {
      const stream = await client.chatStream(params(ask), cohereOptions(ask));
      let chunks = 0;
      let [text, thought, reason] = ['', '', ''];
      let usage: Cohere.Usage | undefined;
      const calls: { id: string; name: string; json: string }[] = [];
      for await (const event of stream) {
        chunks++;
        ask.onChunk?.();
        if (event.type === 'content-delta') {
          text += event.delta?.message?.content?.text ?? '';
          thought += event.delta?.message?.content?.thinking ?? '';
        } else if (event.type === 'tool-call-start') {
          const call = event.delta?.message?.toolCalls;
          calls.push({ id: call?.id ?? '', name: call?.function?.name ?? '', json: call?.function?.arguments ?? '' });
        } else if (event.type === 'tool-call-delta') {
          const last = calls.at(-1);
          if (last) last.json += event.delta?.message?.toolCalls?.function?.arguments ?? '';
        } else if (event.type === 'message-end') {
          const { finishReason = '', usage: counted, error } = event.delta ?? {};
          if (error !== undefined) throw new Error(error);
          reason = finishReason;
          usage = counted;
        }
      }
      // The SDK ends quietly where the bytes end.
      if (reason === '') throw new Error('the stream ended before its end');
      return {
        text,
        thought,
        tools: calls.map(({ id, name, json }) => ({ id, name, args: JSON.parse(json || '{}') as unknown })),
        finish: COHERE_FINISH[reason] ?? reason,
        usage: cohereUsage(usage),
        chunks,
      };
    },
    failure: cohereFailure,
    close: () => {},
  };
}

/** Mistral's client speaks OpenAI's chat dialect, with its own checks of what comes back. */
export function mistralClient(url: string): Client {
  const client = new Mistral({ serverURL: url, apiKey: KEY, retryConfig: { strategy: 'none' } });
  const params = (ask: Ask): ChatCompletionRequest => ({
    model: ask.model,
    messages: [
      ...(ask.system === undefined ? [] : [{ role: 'system' as const, content: ask.system }]),
      {
        role: 'user',
        content: ask.image
          ? [
              { type: 'text', text: said(ask) },
              { type: 'image_url', imageUrl: DATA_URL },
            ]
          : said(ask),
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              content: '',
              toolCalls: [{ id: 'callH1234', function: { name: 'weather', arguments: '{"city":"Zürich"}' } }],
            },
            { role: 'tool' as const, toolCallId: 'callH1234', name: 'weather', content: RESULT },
          ]
        : []),
    ],
    ...(ask.tools || ask.history ? { tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA } }] } : {}),
    ...(ask.think ? { reasoningEffort: 'high' } : {}),
    ...(ask.format
      ? {
          responseFormat: {
            type: 'json_schema',
            jsonSchema: { name: 'report', strict: true, schemaDefinition: FORMAT },
          },
        }
      : {}),
  });
  const options = (ask: Ask) => (ask.signal === undefined ? {} : { fetchOptions: { signal: ask.signal } });
  type Content = string | readonly { readonly type: string; readonly text?: string }[] | null | undefined;
  const textOf = (content: unknown) => {
    const given = content as Content;
    return typeof given === 'string'
      ? given
      : (given ?? []).map(({ type, text }) => (type === 'text' ? text : '')).join('');
  };
  const thoughtOf = (content: unknown): string =>
    Array.isArray(content)
      ? (content as { type: string; thinking?: { text?: string }[] }[])
          .flatMap(({ thinking = [] }) => thinking.map(({ text }) => text ?? ''))
          .join('')
      : '';
  const argsOf = (args: unknown) => (typeof args === 'string' ? (JSON.parse(args || '{}') as unknown) : args);
  const usageOf = (
    usage: { promptTokens?: number | undefined; completionTokens?: number | undefined } | undefined,
  ) => ({
    input: usage?.promptTokens ?? 0,
    cached: 0,
    output: usage?.completionTokens ?? 0,
  });
  return {
    id: 'openai_chat',
    async whole(ask) {
      const { choices, usage } = await client.chat.complete(params(ask), options(ask));
      const message = choices[0]?.message;
      const tools = (message?.toolCalls ?? []).map(({ id = '', function: called }) => ({
        id,
        name: called.name,
        args: argsOf(called.arguments),
      }));
      return {
        text: textOf(message?.content),
        thought: thoughtOf(message?.content),
        tools,
        finish: finishOf(choices[0]?.finishReason, tools.length),
        usage: usageOf(usage),
        chunks: 0,
      };
    },
    async stream(ask) {
      const stream = await client.chat.stream(params(ask), options(ask));
      let chunks = 0;
      let [text, thought, reason] = ['', '', ''];
      let usage: Got['usage'] | undefined;
      const calls: { id: string; name: string; json: string }[] = [];
      for await (const { data } of stream) {
        chunks++;
        ask.onChunk?.();
        // Leaving the loop cancels for sure: the signal of a request is sometimes collected as garbage before its stream ends.
        if (ask.signal?.aborted) throw new Error('aborted');
        if (data.usage) usage = usageOf(data.usage);
        const [choice] = data.choices;
        text += textOf(choice?.delta.content);
        thought += thoughtOf(choice?.delta.content);
        reason = choice?.finishReason ?? reason;
        for (const { index = 0, id = '', function: called } of choice?.delta.toolCalls ?? []) {
          const call = (calls[index] ??= { id, name: called.name, json: '' });
          call.json += typeof called.arguments === 'string' ? called.arguments : JSON.stringify(called.arguments);
        }
      }
      // The SDK ends quietly where the bytes end.
      if (reason === '') throw new Error('the stream ended before its end');
      const tools = calls.map(({ id, name, json }) => ({ id, name, args: JSON.parse(json || '{}') as unknown }));
      return { text, thought, tools, finish: finishOf(reason, tools.length), usage: usage ?? NOTHING.usage, chunks };
    },
    failure: (error) => {
      const { statusCode, message } = error as { statusCode?: number; message: string };
      return { status: statusCode, message };
    },
    close: () => {},
  };
}

const never = () => Promise.reject(new Error('vectors do not stream'));
const vectors = (id: string, embed: (ask: Ask) => Promise<{ vectors: unknown; input: number }>): Client => ({
  id,
  async whole(ask) {
    const { vectors, input } = await embed(ask);
    return { ...NOTHING, text: JSON.stringify(vectors), usage: { input, cached: 0, output: 0 } };
  },
  stream: never,
  failure: id === 'cohere_embeddings' ? cohereFailure : statusError,
  close: () => {},
});
const INPUTS = ['one', 'two'];

export function embeddingsClients(url: string): readonly Client[] {
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0 });
  const gemini = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: url } });
  const cohere = cohereOf(url);
  return [
    vectors('openai_embeddings', async ({ model, signal }) => {
      const { data, usage } = await openai.embeddings.create({ model, input: INPUTS }, { signal: signal ?? null });
      return { vectors: data.map(({ embedding }) => embedding), input: usage.prompt_tokens };
    }),
    vectors('gemini_embeddings', async ({ model, signal }) => {
      const config = signal === undefined ? {} : { abortSignal: signal };
      const { embeddings } = await gemini.models.embedContent({ model, contents: INPUTS, config });
      return { vectors: embeddings?.map(({ values }) => values), input: 0 };
    }),
    vectors('ollama_embeddings', async (ask) => {
      const answer = await ollamaOf(url, ask).embed({ model: ask.model, input: INPUTS });
      return { vectors: answer.embeddings, input: answer.prompt_eval_count ?? 0 };
    }),
    vectors('cohere_embeddings', async (ask) => {
      const { embeddings, meta } = await cohere.embed(
        { model: ask.model, texts: INPUTS, inputType: 'search_query', embeddingTypes: ['float'] },
        // The SDK forgets to stop its clock when a call is cancelled, and keeps the process.
        { ...cohereOptions(ask), timeoutInSeconds: 10 },
      );
      return { vectors: embeddings.float, input: meta?.billedUnits?.inputTokens ?? 0 };
    }),
  ];
}
