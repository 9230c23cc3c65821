// Callers by way of a framework: Vercel's AI SDK and LangChain, each over the dialects that it speaks.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatAnthropic } from '@langchain/anthropic';
import type { AIMessageChunk, BaseMessageLike, UsageMetadata } from '@langchain/core/messages';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, Output, streamText, tool } from 'ai';
import type { LanguageModel, ModelMessage, ToolSet } from 'ai';
import { BUDGET, finishOf, FORMAT, KEY, PIXEL, RESULT, said, SCHEMA, statusError, TOOL } from './clients.ts';
import type { Ask, Client, Got } from './clients.ts';

const THINK = {
  openai: { forceReasoning: true, reasoningEffort: 'medium', reasoningSummary: 'auto' },
  anthropic: { thinking: { type: 'enabled', budgetTokens: BUDGET }, structuredOutputMode: 'outputFormat' },
  google: { thinkingConfig: { includeThoughts: true, thinkingBudget: BUDGET } },
} as const;

const TOOLS = {
  weather: tool({ description: TOOL.description, inputSchema: jsonSchema<never>(SCHEMA) }),
} as unknown as ToolSet;

function vercel(id: string, modelOf: (name: string) => LanguageModel): Client {
  const params = (ask: Ask) => ({
    model: modelOf(ask.model),
    maxRetries: 0,
    maxOutputTokens: ask.think ? 4000 : 1000,
    messages: [
      ...(ask.system === undefined ? [] : [{ role: 'system' as const, content: ask.system }]),
      {
        role: 'user' as const,
        content: [
          { type: 'text' as const, text: said(ask) },
          ...(ask.image
            ? [{ type: 'image' as const, image: Buffer.from(PIXEL, 'base64'), mediaType: 'image/png' }]
            : []),
        ],
      },
      ...(ask.history
        ? [
            {
              role: 'assistant' as const,
              content: [
                { type: 'tool-call' as const, toolCallId: 'call_h1', toolName: 'weather', input: { city: 'Zürich' } },
              ],
            },
            {
              role: 'tool' as const,
              content: [
                {
                  type: 'tool-result' as const,
                  toolCallId: 'call_h1',
                  toolName: 'weather',
                  output: { type: 'text' as const, value: RESULT },
                },
              ],
            },
          ]
        : []),
    ] satisfies ModelMessage[],
    allowSystemInMessages: true,
    ...(ask.tools || ask.history ? { tools: TOOLS } : {}),
    ...(ask.format ? { output: Output.object({ schema: jsonSchema(FORMAT) }) } : {}),
    providerOptions: ask.think ? THINK : { anthropic: { structuredOutputMode: 'outputFormat' as const } },
    ...(ask.signal === undefined ? {} : { abortSignal: ask.signal }),
  });
  return {
    id,
    async whole(ask) {
      const { text, reasoningText, toolCalls, finishReason, usage } = await generateText(params(ask));
      return {
        text,
        thought: reasoningText ?? '',
        tools: toolCalls.map(({ toolCallId, toolName, input }) => ({
          id: toolCallId,
          name: toolName,
          args: input as unknown,
        })),
        finish: VERCEL_FINISH[finishReason] ?? finishReason,
        usage: vercelUsage(usage),
        chunks: 0,
      };
    },
    async stream(ask) {
      const stream = streamText({ ...params(ask), onError: () => {} });
      let chunks = 0;
      for await (const part of stream.fullStream) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'abort') throw new Error('aborted');
        if (!part.type.endsWith('-delta')) continue;
        chunks++;
        ask.onChunk?.();
      }
      const finish = await stream.finishReason;
      return {
        text: await stream.text,
        thought: (await stream.reasoningText) ?? '',
        tools: (await stream.toolCalls).map(({ toolCallId, toolName, input }) => ({
          id: toolCallId,
          name: toolName,
          args: input as unknown,
        })),
        finish: VERCEL_FINISH[finish] ?? finish,
        usage: vercelUsage(await stream.usage),
        chunks,
      };
    },
    failure: (error) => {
      const { statusCode, message } = error as { statusCode?: number; message: string };
      return { status: statusCode, message };
    },
    close: () => {},
  };
}

const VERCEL_FINISH: Readonly<Record<string, string>> = { 'tool-calls': 'tools' };
interface VercelUsage {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly inputTokenDetails: { readonly cacheReadTokens: number | undefined };
}
const vercelUsage = ({ inputTokens = 0, outputTokens = 0, inputTokenDetails }: VercelUsage): Got['usage'] => ({
  input: inputTokens,
  cached: inputTokenDetails.cacheReadTokens ?? 0,
  output: outputTokens,
});

export function vercelClients(url: string): readonly Client[] {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: KEY });
  const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: KEY });
  const google = createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: KEY });
  return [
    vercel('openai_chat', (name) => openai.chat(name)),
    vercel('openai_responses', (name) => openai.responses(name)),
    vercel('anthropic', (name) => anthropic(name)),
    // Names with a slash are whole paths to it.
    vercel('gemini', (name) => google(`models/${name}`)),
  ];
}

type Chain = (ask: Ask) => {
  invoke(messages: BaseMessageLike[], options: object): Promise<AIMessageChunk>;
  stream(messages: BaseMessageLike[], options: object): Promise<AsyncIterable<AIMessageChunk>>;
};

function langchain(id: string, chain: Chain): Client {
  const messages = (ask: Ask): BaseMessageLike[] => [
    ...(ask.system === undefined ? [] : [new SystemMessage(ask.system)]),
    new HumanMessage({
      content: ask.image
        ? [
            { type: 'text', text: said(ask) },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
          ]
        : said(ask),
    }),
    ...(ask.history
      ? [
          new AIMessage({ content: '', tool_calls: [{ id: 'call_h1', name: 'weather', args: { city: 'Zürich' } }] }),
          new ToolMessage({ content: RESULT, tool_call_id: 'call_h1' }),
        ]
      : []),
  ];
  const options = ({ signal }: Ask) => (signal === undefined ? {} : { signal });
  const got = (message: AIMessageChunk | AIMessage): Got => {
    const tools = (message.tool_calls ?? []).map(({ id: callId = '', name, args }) => ({ id: callId, name, args }));
    const { finish_reason, stop_reason, status } = message.response_metadata as Record<string, unknown>;
    const delta = message.additional_kwargs['stop_reason'];
    const usage = message.usage_metadata as UsageMetadata | undefined;
    return {
      text: message.text,
      thought: message.contentBlocks.map((block) => (block.type === 'reasoning' ? block.reasoning : '')).join(''),
      tools,
      finish: finishOf(finish_reason ?? stop_reason ?? delta ?? status, tools.length),
      usage: {
        input: usage?.input_tokens ?? 0,
        cached: usage?.input_token_details?.cache_read ?? 0,
        output: usage?.output_tokens ?? 0,
      },
      chunks: 0,
    };
  };
  return {
    id,
    whole: async (ask) => got(await chain(ask).invoke(messages(ask), options(ask))),
    async stream(ask) {
      let whole: AIMessageChunk | undefined;
      let chunks = 0;
      for await (const chunk of await chain(ask).stream(messages(ask), options(ask))) {
        whole = whole === undefined ? chunk : whole.concat(chunk);
        chunks++;
        ask.onChunk?.();
      }
      if (whole === undefined) throw new Error('nothing came');
      return { ...got(whole), chunks };
    },
    failure: statusError,
    close: () => {},
  };
}

const DEFINITION = { type: 'function' as const, function: { ...TOOL, parameters: SCHEMA } };

export function langchainClients(url: string): readonly Client[] {
  const openai =
    (useResponsesApi: boolean): Chain =>
    (ask) => {
      const knobs = useResponsesApi
        ? { reasoning: { effort: 'medium', summary: 'auto' } }
        : { reasoning_effort: 'medium' };
      const format = useResponsesApi
        ? { text: { format: { type: 'json_schema', name: 'report', strict: true, schema: FORMAT } } }
        : { response_format: { type: 'json_schema', json_schema: { name: 'report', strict: true, schema: FORMAT } } };
      const model = new ChatOpenAI({
        model: ask.model,
        apiKey: KEY,
        maxRetries: 0,
        useResponsesApi,
        configuration: { baseURL: `${url}/v1` },
        modelKwargs: { ...(ask.think ? knobs : {}), ...(ask.format ? format : {}) },
      });
      return ask.tools || ask.history ? model.bindTools([DEFINITION]) : model;
    };
  const anthropic: Chain = (ask) => {
    const model = new ChatAnthropic({
      model: ask.model,
      apiKey: KEY,
      maxRetries: 0,
      maxTokens: 4000,
      anthropicApiUrl: url,
      ...(ask.think ? { thinking: { type: 'enabled' as const, budget_tokens: BUDGET } } : {}),
      ...(ask.format ? { outputConfig: { format: { type: 'json_schema' as const, schema: FORMAT } } } : {}),
    });
    return ask.tools || ask.history ? model.bindTools([DEFINITION]) : model;
  };
  return [
    langchain('openai_chat', openai(false)),
    langchain('openai_responses', openai(true)),
    langchain('anthropic', anthropic),
  ];
}
