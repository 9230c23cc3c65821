// The official SDKs, unmodified, as callers: each asks the same things in its own words and tells what it got in none.

import Anthropic from '@anthropic-ai/sdk';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import type { ContentBlock, ConverseCommandInput, TokenUsage } from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai';
import type { GenerateContentParameters, GenerateContentResponse } from '@google/genai';
import { Ollama } from 'ollama';
import type { ChatRequest, ChatResponse } from 'ollama';
import OpenAI from 'openai';

export interface Got {
  readonly text: string;
  readonly thought: string;
  readonly tools: readonly { readonly id: string; readonly name: string; readonly args: unknown }[];
  readonly finish: 'stop' | 'length' | 'tools' | string;
  /** Totals: cached tokens in `input`, reasoning in `output`. */
  readonly usage: { readonly input: number; readonly cached: number; readonly output: number };
  /** Times at which something came, of a stream. */
  readonly chunks: number;
}

export interface Ask {
  readonly model: string;
  readonly text?: string;
  readonly system?: string;
  readonly tools?: boolean;
  /** A conversation in which the tool `weather` was called with {"city":"Zürich"} and answered `4 degrees`. */
  readonly history?: boolean;
  /** A small image beside the text. */
  readonly image?: boolean;
  /** The model is to think before it answers, and to show it. */
  readonly think?: boolean;
  /** The answer is to be JSON of the schema FORMAT. */
  readonly format?: boolean;
  readonly signal?: AbortSignal;
  /** Told of every chunk. */
  readonly onChunk?: () => void;
}

export interface Client {
  readonly id: string;
  whole(ask: Ask): Promise<Got>;
  stream(ask: Ask): Promise<Got>;
  /** Of what `whole` and `stream` throw. */
  failure(error: unknown): { readonly status: number | undefined; readonly message: string };
  close(): void;
}

export const KEY = 'caller-key-0123456789';
export const SYSTEM = 'You speak like a pirate.';
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
} as const;
export const FORMAT = {
  type: 'object',
  properties: { city: { type: 'string' }, celsius: { type: 'integer' } },
  required: ['city', 'celsius'],
  additionalProperties: false,
} as const;
export const TOOL = { name: 'weather', description: 'Weather now' } as const;
export const RESULT = '4 degrees';
/** Tokens to think for, where a dialect counts them. */
export const BUDGET = 2048;

const FINISH: Readonly<Record<string, string>> = {
  tool_calls: 'tools',
  tool_use: 'tools',
  end_turn: 'stop',
  completed: 'stop',
  max_tokens: 'length',
  incomplete: 'length',
  STOP: 'stop',
  MAX_TOKENS: 'length',
  FUNCTION_CALL: 'tools',
};
/** A finish reason of any dialect in the words of Got. */
export const finishOf = (value: unknown, tools: number): string => {
  const reason = FINISH[String(value)] ?? String(value);
  return reason === 'stop' && tools > 0 ? 'tools' : reason;
};

/** What the user says. */
export const said = ({ text = 'Say something.' }: Ask): string => text;

export type Fold<T> = (all: readonly T[]) => Got;

/** A stream's pieces as one. */
export async function collect<T>(stream: AsyncIterable<T>, ask: Ask, fold: Fold<T>): Promise<Got> {
  const all: T[] = [];
  for await (const each of stream) {
    all.push(each);
    ask.onChunk?.();
  }
  return { ...fold(all), chunks: all.length };
}

/** Of SDKs whose errors have a status. */
export function statusError(error: unknown): { status: number | undefined; message: string } {
  const { status, status_code: code, message } = error as { status?: number; status_code?: number; message: string };
  return { status: status ?? code, message };
}

function openaiClient(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0 });
}

/** What servers of the dialect say beside OpenAI: thoughts in a field or as blocks of the content. */
interface Said {
  readonly content?: unknown;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
}
type Message = OpenAI.Chat.ChatCompletionMessage & Said;
interface Block {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: readonly { readonly text: string }[];
}
const blocksOf = (content: unknown) => (Array.isArray(content) ? (content as Block[]) : []);

function chatText(content: unknown): string {
  const blocks = blocksOf(content).map(({ text = '' }) => text);
  return typeof content === 'string' ? content : blocks.join('');
}

function chatThought(said: Said | undefined): string {
  const blocks = blocksOf(said?.content).flatMap(({ thinking = [] }) => thinking.map(({ text }) => text));
  return said?.reasoning_content ?? said?.reasoning ?? blocks.join('');
}

function chatClient(url: string): Client {
  const client = openaiClient(url);
  const params = (ask: Ask): OpenAI.Chat.ChatCompletionCreateParamsNonStreaming => ({
    model: ask.model,
    messages: [
      ...(ask.system === undefined ? [] : [{ role: 'system' as const, content: ask.system }]),
      {
        role: 'user',
        content: ask.image
          ? [
              { type: 'text', text: said(ask) },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
            ]
          : said(ask),
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              content: null,
              tool_calls: [
                {
                  id: 'call_h1',
                  type: 'function' as const,
                  function: { name: 'weather', arguments: '{"city":"Zürich"}' },
                },
              ],
            },
            { role: 'tool' as const, tool_call_id: 'call_h1', content: RESULT },
          ]
        : []),
    ],
    ...(ask.tools || ask.history ? { tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA } }] } : {}),
    ...(ask.think ? { reasoning_effort: 'medium' } : {}),
    ...(ask.format
      ? { response_format: { type: 'json_schema', json_schema: { name: 'report', strict: true, schema: FORMAT } } }
      : {}),
  });
  const got = ({ choices, usage }: OpenAI.Chat.ChatCompletion): Got => {
    const message = choices[0]?.message as Message | undefined;
    const tools = (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) as unknown }]
        : [],
    );
    return {
      text: chatText(message?.content),
      thought: chatThought(message),
      tools,
      finish: finishOf(choices[0]?.finish_reason, tools.length),
      usage: {
        input: usage?.prompt_tokens ?? 0,
        cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
        output: usage?.completion_tokens ?? 0,
      },
      chunks: 0,
    };
  };
  return {
    id: 'openai_chat',
    whole: async (ask) => got(await client.chat.completions.create(params(ask), { signal: ask.signal ?? null })),
    async stream(ask) {
      const stream = client.chat.completions.stream(
        { ...params(ask), stream: true, stream_options: { include_usage: true } },
        { signal: ask.signal ?? null },
      );
      let chunks = 0;
      let thought = '';
      stream.on('chunk', ({ choices }) => {
        chunks++;
        thought += chatThought(choices[0]?.delta);
        ask.onChunk?.();
      });
      return { ...got(await stream.finalChatCompletion()), thought, chunks };
    },
    failure: statusError,
    close: () => {},
  };
}

function responsesClient(url: string): Client {
  const client = openaiClient(url);
  const params = (ask: Ask): OpenAI.Responses.ResponseCreateParamsNonStreaming => ({
    model: ask.model,
    ...(ask.system === undefined ? {} : { instructions: ask.system }),
    input: [
      {
        role: 'user',
        content: ask.image
          ? [
              { type: 'input_text', text: said(ask) },
              { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PIXEL}` },
            ]
          : said(ask),
      },
      ...(ask.history
        ? [
            { type: 'function_call' as const, call_id: 'call_h1', name: 'weather', arguments: '{"city":"Zürich"}' },
            { type: 'function_call_output' as const, call_id: 'call_h1', output: RESULT },
          ]
        : []),
    ],
    ...(ask.tools || ask.history ? { tools: [{ type: 'function', ...TOOL, parameters: SCHEMA, strict: false }] } : {}),
    ...(ask.think ? { reasoning: { effort: 'medium', summary: 'auto' } } : {}),
    ...(ask.format ? { text: { format: { type: 'json_schema', name: 'report', strict: true, schema: FORMAT } } } : {}),
  });
  const got = (response: OpenAI.Responses.Response): Got => {
    const tools = response.output.flatMap((item) =>
      item.type === 'function_call'
        ? [{ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) as unknown }]
        : [],
    );
    return {
      text: response.output_text,
      thought: response.output.flatMap((item) => (item.type === 'reasoning' ? thoughtsOf(item) : [])).join(''),
      tools,
      finish: finishOf(response.status, tools.length),
      usage: {
        input: response.usage?.input_tokens ?? 0,
        cached:
          (response.usage as Partial<OpenAI.Responses.ResponseUsage> | undefined)?.input_tokens_details
            ?.cached_tokens ?? 0,
        output: response.usage?.output_tokens ?? 0,
      },
      chunks: 0,
    };
  };
  const thoughtsOf = ({ summary, content = [] }: OpenAI.Responses.ResponseReasoningItem) =>
    [...summary, ...(content ?? [])].map(({ text }) => text);
  return {
    id: 'openai_responses',
    whole: async (ask) => got(await client.responses.create(params(ask), { signal: ask.signal ?? null })),
    async stream(ask) {
      const stream = client.responses.stream({ ...params(ask), stream: true }, { signal: ask.signal ?? null });
      let chunks = 0;
      for await (const event of stream) {
        chunks++;
        ask.onChunk?.();
        if (event.type === 'error') throw Object.assign(new Error(event.message), { status: undefined });
      }
      return { ...got(await stream.finalResponse()), chunks };
    },
    failure: statusError,
    close: () => {},
  };
}

function anthropicClient(url: string): Client {
  const client = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 });
  const params = (ask: Ask): Anthropic.MessageCreateParamsNonStreaming => ({
    model: ask.model,
    max_tokens: ask.think ? 4000 : 1000,
    ...(ask.think ? { thinking: { type: 'enabled', budget_tokens: BUDGET } } : {}),
    ...(ask.format ? { output_config: { format: { type: 'json_schema', schema: FORMAT } } } : {}),
    ...(ask.system === undefined ? {} : { system: ask.system }),
    messages: [
      {
        role: 'user',
        content: ask.image
          ? [
              { type: 'text', text: said(ask) },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
            ]
          : said(ask),
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              content: [{ type: 'tool_use' as const, id: 'call_h1', name: 'weather', input: { city: 'Zürich' } }],
            },
            {
              role: 'user' as const,
              content: [{ type: 'tool_result' as const, tool_use_id: 'call_h1', content: RESULT }],
            },
          ]
        : []),
    ],
    ...(ask.tools || ask.history ? { tools: [{ ...TOOL, input_schema: { ...SCHEMA, required: ['city'] } }] } : {}),
  });
  const got = ({ content, stop_reason, usage }: Anthropic.Message): Got => {
    const tools = content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, args: block.input }] : [],
    );
    const cached = usage.cache_read_input_tokens ?? 0;
    return {
      text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
      thought: content.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : [])).join(''),
      tools,
      finish: finishOf(stop_reason, 0),
      usage: {
        input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
        cached,
        output: usage.output_tokens,
      },
      chunks: 0,
    };
  };
  return {
    id: 'anthropic',
    whole: async (ask) => got(await client.messages.create(params(ask), { signal: ask.signal ?? null })),
    async stream(ask) {
      const stream = client.messages.stream(params(ask), { signal: ask.signal ?? null });
      let chunks = 0;
      stream.on('streamEvent', () => {
        chunks++;
        ask.onChunk?.();
      });
      return { ...got(await stream.finalMessage()), chunks };
    },
    failure: statusError,
    close: () => {},
  };
}

function geminiClient(url: string): Client {
  const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: url } });
  const params = (ask: Ask): GenerateContentParameters => ({
    model: ask.model,
    contents: [
      {
        role: 'user',
        parts: [{ text: said(ask) }, ...(ask.image ? [{ inlineData: { mimeType: 'image/png', data: PIXEL } }] : [])],
      },
      ...(ask.history
        ? [
            { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Zürich' } } }] },
            { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: RESULT } } }] },
          ]
        : []),
    ],
    config: {
      ...(ask.system === undefined ? {} : { systemInstruction: ask.system }),
      ...(ask.tools || ask.history
        ? { tools: [{ functionDeclarations: [{ ...TOOL, parametersJsonSchema: SCHEMA }] }] }
        : {}),
      ...(ask.think ? { thinkingConfig: { includeThoughts: true, thinkingBudget: BUDGET } } : {}),
      ...(ask.format ? { responseMimeType: 'application/json', responseJsonSchema: FORMAT } : {}),
      ...(ask.signal === undefined ? {} : { abortSignal: ask.signal }),
    },
  });
  const got: Fold<GenerateContentResponse> = (chunks) => {
    const parts = chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
    const tools = parts.flatMap(({ functionCall: call }) =>
      call === undefined ? [] : [{ id: call.id ?? '', name: call.name ?? '', args: call.args }],
    );
    const usage = chunks.findLast(({ usageMetadata }) => usageMetadata !== undefined)?.usageMetadata;
    const textOf = (thought: boolean) =>
      parts.map((part) => ((part.thought === true) === thought ? (part.text ?? '') : '')).join('');
    return {
      text: textOf(false),
      thought: textOf(true),
      tools,
      finish: finishOf(
        chunks.findLast(({ candidates }) => candidates?.[0]?.finishReason)?.candidates?.[0]?.finishReason,
        tools.length,
      ),
      usage: {
        input: usage?.promptTokenCount ?? 0,
        cached: usage?.cachedContentTokenCount ?? 0,
        output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
      },
      chunks: 0,
    };
  };
  return {
    id: 'gemini',
    whole: async (ask) => got([await client.models.generateContent(params(ask))]),
    stream: async (ask) => collect(await client.models.generateContentStream(params(ask)), ask, got),
    failure: statusError,
    close: () => {},
  };
}

function bedrockClient(url: string): Client {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    token: { token: KEY },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  });
  const params = (ask: Ask): ConverseCommandInput => ({
    modelId: ask.model,
    ...(ask.system === undefined ? {} : { system: [{ text: ask.system }] }),
    messages: [
      {
        role: 'user',
        content: [
          { text: said(ask) },
          ...(ask.image
            ? [{ image: { format: 'png' as const, source: { bytes: Buffer.from(PIXEL, 'base64') } } }]
            : []),
        ],
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              content: [{ toolUse: { toolUseId: 'call_h1', name: 'weather', input: { city: 'Zürich' } } }],
            },
            {
              role: 'user' as const,
              content: [{ toolResult: { toolUseId: 'call_h1', content: [{ text: RESULT }] } }],
            },
          ]
        : []),
    ],
    ...(ask.tools || ask.history
      ? { toolConfig: { tools: [{ toolSpec: { ...TOOL, inputSchema: { json: { ...SCHEMA, required: ['city'] } } } }] } }
      : {}),
    ...(ask.think
      ? {
          inferenceConfig: { maxTokens: 4000 },
          additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: BUDGET } },
        }
      : {}),
    ...(ask.format
      ? {
          outputConfig: {
            textFormat: {
              type: 'json_schema' as const,
              structure: { jsonSchema: { name: 'report', schema: JSON.stringify(FORMAT) } },
            },
          },
        }
      : {}),
  });
  const usageOf = (usage: TokenUsage | undefined) => ({
    input: (usage?.inputTokens ?? 0) + (usage?.cacheReadInputTokens ?? 0) + (usage?.cacheWriteInputTokens ?? 0),
    cached: usage?.cacheReadInputTokens ?? 0,
    output: usage?.outputTokens ?? 0,
  });
  const blocks = (
    content: readonly ContentBlock[],
    stopReason: string | undefined,
    usage: TokenUsage | undefined,
  ): Got => ({
    text: content.map(({ text }) => text ?? '').join(''),
    thought: content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? '').join(''),
    tools: content.flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [{ id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', args: toolUse.input }],
    ),
    finish: finishOf(stopReason, 0),
    usage: usageOf(usage),
    chunks: 0,
  });
  const options = (ask: Ask) => (ask.signal === undefined ? {} : { abortSignal: ask.signal });
  return {
    id: 'bedrock',
    async whole(ask) {
      const { output, stopReason, usage } = await client.send(new ConverseCommand(params(ask)), options(ask));
      return blocks(output?.message?.content ?? [], stopReason, usage);
    },
    async stream(ask) {
      const { stream } = await client.send(new ConverseStreamCommand(params(ask)), options(ask));
      let text = '';
      let thought = '';
      let chunks = 0;
      let stopReason: string | undefined;
      let usage: TokenUsage | undefined;
      const calls = new Map<number, { id: string; name: string; json: string }>();
      for await (const event of stream ?? []) {
        chunks++;
        ask.onChunk?.();
        const { contentBlockStart: start, contentBlockDelta: delta } = event;
        const use = start?.start?.toolUse;
        if (use) calls.set(start?.contentBlockIndex ?? 0, { id: use.toolUseId ?? '', name: use.name ?? '', json: '' });
        text += delta?.delta?.text ?? '';
        thought += delta?.delta?.reasoningContent?.text ?? '';
        const call = calls.get(delta?.contentBlockIndex ?? -1);
        if (call) call.json += delta?.delta?.toolUse?.input ?? '';
        stopReason ??= event.messageStop?.stopReason;
        usage ??= event.metadata?.usage;
      }
      const tools = [...calls.values()].map(({ id, name, json }) => ({
        id,
        name,
        args: JSON.parse(json || '{}') as unknown,
      }));
      return { text, thought, tools, finish: finishOf(stopReason, 0), usage: usageOf(usage), chunks };
    },
    failure: (error) => {
      const { $metadata, message } = error as { $metadata?: { httpStatusCode?: number }; message: string };
      return { status: $metadata?.httpStatusCode, message };
    },
    close: () => client.destroy(),
  };
}

function ollamaClient(url: string): Client {
  const make = (ask: Ask) =>
    new Ollama({
      host: url,
      headers: { authorization: `Bearer ${KEY}` },
      fetch: (input, init) => fetch(input, { ...init, ...(ask.signal === undefined ? {} : { signal: ask.signal }) }),
    });
  const params = (ask: Ask): Omit<ChatRequest, 'stream'> => ({
    model: ask.model,
    messages: [
      ...(ask.system === undefined ? [] : [{ role: 'system', content: ask.system }]),
      { role: 'user', content: said(ask), ...(ask.image ? { images: [PIXEL] } : {}) },
      ...(ask.history
        ? [
            {
              role: 'assistant',
              content: '',
              tool_calls: [{ function: { name: 'weather', arguments: { city: 'Zürich' } } }],
            },
            { role: 'tool', content: RESULT, tool_name: 'weather' },
          ]
        : []),
    ],
    ...(ask.tools || ask.history
      ? {
          tools: [
            {
              type: 'function',
              function: { ...TOOL, parameters: { type: 'object', properties: SCHEMA.properties, required: ['city'] } },
            },
          ],
        }
      : {}),
    ...(ask.think ? { think: 'medium' } : {}),
    ...(ask.format ? { format: FORMAT } : {}),
  });
  const got: Fold<ChatResponse> = (all) => {
    const last = all.at(-1);
    const tools = all.flatMap(({ message }) =>
      (message.tool_calls ?? []).map(({ function: { name, arguments: args } }) => ({
        id: '',
        name,
        args: args as unknown,
      })),
    );
    return {
      text: all.map(({ message }) => message.content).join(''),
      thought: all.map(({ message }) => message.thinking ?? '').join(''),
      tools,
      finish: finishOf(last?.done_reason, tools.length),
      usage: { input: last?.prompt_eval_count ?? 0, cached: 0, output: last?.eval_count ?? 0 },
      chunks: 0,
    };
  };
  return {
    id: 'ollama_chat',
    whole: async (ask) => got([await make(ask).chat({ ...params(ask), stream: false })]),
    stream: async (ask) => collect(await make(ask).chat({ ...params(ask), stream: true }), ask, got),
    failure: statusError,
    close: () => {},
  };
}

/** @param url the proxy's, or a provider's own */
export function clientsOf(url: string): readonly Client[] {
  return [chatClient, responsesClient, anthropicClient, geminiClient, bedrockClient, ollamaClient].map((make) =>
    make(url),
  );
}
