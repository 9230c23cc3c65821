// Golden invoices: usage as providers report it, read by the code that reads it, priced by the code that prices it,
// against the cost by hand: what was used times its rate, as the provider's price page says it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';
import type { DialectId, Usage } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { MEDIA, readDetailedUsage } from '../../schemas/media/index.ts';
import type { MediaKind } from '../../schemas/media/types.ts';
import { billedTier, costOf, type PriceOverrides } from '../../schemas/price.ts';
import { listedModels } from '../../schemas/price/table.ts';

const AT = '2026-09-30T12:00:00Z';

interface Invoice {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  /** Who reads it: a dialect its `usage` object, a medium its whole answer. */
  readonly as: DialectId | MediaKind | 'realtime';
  readonly said: unknown;
  /** USD per million of each token, times their numbers; undefined: unpriced. */
  readonly cost: number | undefined;
  readonly tier?: string;
  readonly host?: string;
  readonly at?: string;
  readonly prices?: PriceOverrides;
  readonly source?: 'provider' | 'override';
}

/** Tokens x USD per million tokens, added up. */
const mtok = (...parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0) / 1e6;

const chat = (prompt: number, completion: number, more: object = {}) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
});
const cached = (tokens: number, more: object = {}) => ({ prompt_tokens_details: { cached_tokens: tokens, ...more } });
const reasoned = (tokens: number) => ({ completion_tokens_details: { reasoning_tokens: tokens } });

const OPENAI: readonly Invoice[] = [
  { name: 'chat', provider: 'openai', model: 'gpt-4o-2024-08-06', as: 'openai_chat', said: chat(1117, 46), cost: mtok(1117 * 2.5, 46 * 10) },
  { name: 'chat, half cached', provider: 'openai', model: 'gpt-4o', as: 'openai_chat', said: chat(2006, 300, cached(1920)), cost: mtok(86 * 2.5, 1920 * 1.25, 300 * 10) },
  { name: 'chat, reasoning is part of the output', provider: 'openai', model: 'gpt-5', as: 'openai_chat', said: chat(75, 1186, reasoned(1024)), cost: mtok(75 * 1.25, 1186 * 10) },
  { name: 'chat, cache writes of 5.6', provider: 'openai', model: 'gpt-5.6-luna', as: 'openai_chat', said: chat(10_000, 100, cached(4000, { cache_write_tokens: 5000 })), cost: mtok(1000 * 0.2, 4000 * 0.02, 5000 * 0.25, 100 * 1.2) },
  { name: 'chat, flex', provider: 'openai', model: 'gpt-5-mini', as: 'openai_chat', tier: 'flex', said: chat(4000, 500, cached(1000)), cost: mtok(3000 * 0.25, 1000 * 0.025, 500 * 2) / 2 },
  { name: 'chat, priority of gpt-5-mini: 0.45, 0.045, 3.60', provider: 'openai', model: 'gpt-5-mini-2025-08-07', as: 'openai_chat', tier: 'priority', said: chat(4000, 500, cached(1000)), cost: mtok(3000 * 0.45, 1000 * 0.045, 500 * 3.6) },
  { name: 'chat, priority of gpt-4.1: 3.50, 0.875, 14', provider: 'openai', model: 'gpt-4.1', as: 'openai_chat', tier: 'priority', said: chat(1000, 200, cached(512)), cost: mtok(488 * 3.5, 512 * 0.875, 200 * 14) },
  { name: 'chat, priority of gpt-5.5: 12.50, 75', provider: 'openai', model: 'gpt-5.5', as: 'openai_chat', tier: 'priority', said: chat(1000, 200), cost: mtok(1000 * 12.5, 200 * 75) },
  { name: 'chat, fast mode of gpt-5.6-sol in September: 8, 40', provider: 'openai', model: 'gpt-5.6-sol', as: 'openai_chat', tier: 'fast', said: chat(1000, 200), cost: mtok(1000 * 8, 200 * 40) },
  { name: 'chat, standard although flex was asked for', provider: 'openai', model: 'gpt-5', as: 'openai_chat', tier: 'default', said: chat(1000, 10), cost: mtok(1000 * 1.25, 10 * 10) },
  { name: 'chat, a tier that was bought beforehand has no price', provider: 'openai', model: 'gpt-4o', as: 'openai_chat', tier: 'scale', said: chat(1000, 10), cost: undefined },
  { name: 'chat, long context of gpt-5.4: twice the input, 1.5 of the output', provider: 'openai', model: 'gpt-5.4', as: 'openai_chat', said: chat(300_000, 1000, cached(100_000)), cost: mtok(200_000 * 5, 100_000 * 0.5, 1000 * 22.5) },
  { name: 'chat, regional processing of gpt-5.4: a tenth more', provider: 'openai', model: 'gpt-5.4', as: 'openai_chat', host: 'eu.api.openai.com', said: chat(1000, 100), cost: mtok(1000 * 2.75, 100 * 16.5) },
  { name: 'chat, audio in and out', provider: 'openai', model: 'gpt-audio', as: 'openai_chat', said: chat(500, 700, { prompt_tokens_details: { audio_tokens: 400, cached_tokens: 0 }, completion_tokens_details: { audio_tokens: 600 } }), cost: mtok(100 * 2.5, 400 * 32, 100 * 10, 600 * 64) },
  { name: 'chat, audio preview', provider: 'openai', model: 'gpt-4o-audio-preview', as: 'openai_chat', said: chat(500, 700, { prompt_tokens_details: { audio_tokens: 400 }, completion_tokens_details: { audio_tokens: 600 } }), cost: mtok(100 * 2.5, 400 * 40, 100 * 10, 600 * 80) },
  { name: 'responses', provider: 'openai', model: 'o3', as: 'openai_responses', said: { input_tokens: 36, input_tokens_details: { cached_tokens: 0 }, output_tokens: 887, output_tokens_details: { reasoning_tokens: 832 }, total_tokens: 923 }, cost: mtok(36 * 2, 887 * 8) },
  { name: 'responses before the price of o3 fell', provider: 'openai', model: 'o3', as: 'openai_responses', at: '2025-06-01T00:00:00Z', said: { input_tokens: 36, output_tokens: 887 }, cost: mtok(36 * 10, 887 * 40) },
  { name: 'responses, cached', provider: 'openai', model: 'gpt-5.1', as: 'openai_responses', said: { input_tokens: 12_345, input_tokens_details: { cached_tokens: 11_904 }, output_tokens: 250, output_tokens_details: { reasoning_tokens: 64 }, total_tokens: 12_595 }, cost: mtok(441 * 1.25, 11_904 * 0.125, 250 * 10) },
  { name: 'responses with searches', provider: 'openai', model: 'gpt-5', as: 'openai_responses', said: { input_tokens: 8000, output_tokens: 500, num_search_queries: 3 }, cost: mtok(8000 * 1.25, 500 * 10) + 3 * 0.01 },
  { name: 'embeddings', provider: 'openai', model: 'text-embedding-3-small', as: 'openai_embeddings', said: { prompt_tokens: 8191, total_tokens: 8191 }, cost: mtok(8191 * 0.02) },
  { name: 'embeddings, large', provider: 'openai', model: 'text-embedding-3-large', as: 'openai_embeddings', said: { prompt_tokens: 120_000, total_tokens: 120_000 }, cost: mtok(120_000 * 0.13) },
  { name: 'images', provider: 'openai', model: 'gpt-image-1', as: 'image', said: { data: [{ b64_json: 'x' }], usage: { input_tokens: 373, input_tokens_details: { text_tokens: 50, image_tokens: 323 }, output_tokens: 4160, total_tokens: 4533 } }, cost: mtok(50 * 5, 323 * 10, 4160 * 40) },
  { name: 'images, text and picture at rates of their own', provider: 'openai', model: 'gpt-image-1.5', as: 'image', said: { data: [{ b64_json: 'x' }], usage: { input_tokens: 50, input_tokens_details: { text_tokens: 50, image_tokens: 0 }, output_tokens: 1200, output_tokens_details: { image_tokens: 1056, text_tokens: 144 }, total_tokens: 1250 } }, cost: mtok(50 * 5, 144 * 10, 1056 * 32) },
  { name: 'speech by the character', provider: 'openai', model: 'tts-1', as: 'speech', said: undefined, cost: (11 * 15) / 1e6 },
  { name: 'transcription by the second', provider: 'openai', model: 'whisper-1', as: 'transcription', said: { text: 'hello', usage: { type: 'duration', seconds: 90 } }, cost: (90 / 3600) * 0.36 },
  { name: 'transcription by the token', provider: 'openai', model: 'gpt-4o-transcribe', as: 'transcription', said: { text: 'hello', usage: { type: 'tokens', input_tokens: 114, input_token_details: { text_tokens: 14, audio_tokens: 100 }, output_tokens: 31, total_tokens: 145 } }, cost: mtok(14 * 2.5, 100 * 6, 31 * 10) },
  { name: 'realtime, audio partly cached', provider: 'openai', model: 'gpt-realtime', as: 'realtime', said: { total_tokens: 1480, input_tokens: 1200, output_tokens: 280, input_token_details: { text_tokens: 500, audio_tokens: 700, cached_tokens: 640, cached_tokens_details: { text_tokens: 384, audio_tokens: 256 } }, output_token_details: { text_tokens: 80, audio_tokens: 200 } }, cost: mtok(116 * 4, 444 * 32, 384 * 0.4, 256 * 0.4, 80 * 16, 200 * 64) },
  { name: 'batch: half of all tokens', provider: 'openai', model: 'gpt-4o-mini', as: 'batch', tier: 'batch', said: { id: 'batch_1', status: 'completed', model: 'gpt-4o-mini', usage: { input_tokens: 100_000, input_tokens_details: { cached_tokens: 0 }, output_tokens: 20_000, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 120_000 } }, cost: mtok(100_000 * 0.15, 20_000 * 0.6) / 2 },
]; // prettier-ignore

const claude = (input: number, output: number, more: object = {}) => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  ...more,
});
const wrote = (five: number, hour: number, read = 0) => ({
  cache_creation_input_tokens: five + hour,
  cache_read_input_tokens: read,
  cache_creation: { ephemeral_5m_input_tokens: five, ephemeral_1h_input_tokens: hour },
});

const ANTHROPIC: readonly Invoice[] = [
  { name: 'messages', provider: 'anthropic', model: 'claude-sonnet-4-6', as: 'anthropic', said: claude(2095, 503), cost: mtok(2095 * 3, 503 * 15) },
  { name: 'cache written for five minutes', provider: 'anthropic', model: 'claude-haiku-4-5-20251001', as: 'anthropic', said: claude(21, 393, wrote(188_086, 0)), cost: mtok(21 * 1, 188_086 * 1.25, 393 * 5) },
  { name: 'cache read', provider: 'anthropic', model: 'claude-haiku-4-5-20251001', as: 'anthropic', said: claude(21, 393, wrote(0, 0, 188_086)), cost: mtok(21 * 1, 188_086 * 0.1, 393 * 5) },
  { name: 'cache written for an hour', provider: 'anthropic', model: 'claude-opus-4-5', as: 'anthropic', said: claude(2048, 503, wrote(456, 100, 1800)), cost: mtok(2048 * 5, 456 * 6.25, 100 * 10, 1800 * 0.5, 503 * 25) },
  { name: 'web searches', provider: 'anthropic', model: 'claude-sonnet-4-6', as: 'anthropic', said: claude(105, 6039, { cache_read_input_tokens: 7123, server_tool_use: { web_search_requests: 2 } }), cost: mtok(105 * 3, 7123 * 0.3, 6039 * 15) + 2 * 0.01 },
  { name: 'batch: half, searches whole', provider: 'anthropic', model: 'claude-sonnet-4-6', as: 'anthropic', tier: 'batch', said: claude(1000, 1000, { server_tool_use: { web_search_requests: 1 }, service_tier: 'batch' }), cost: mtok(1000 * 3, 1000 * 15) / 2 + 0.01 },
  { name: 'long context of sonnet 4.5', provider: 'anthropic', model: 'claude-sonnet-4-5-20250929', as: 'anthropic', said: claude(50_000, 1000, wrote(0, 0, 200_000)), cost: mtok(50_000 * 6, 200_000 * 0.6, 1000 * 22.5) },
  { name: 'inference in the US: a tenth more, of caches too', provider: 'anthropic', model: 'claude-opus-5-5', as: 'anthropic', said: claude(1000, 500, { ...wrote(100, 0, 2000), inference_geo: 'us' }), cost: mtok(1000 * 4, 100 * 5, 2000 * 0.2, 500 * 20) * 1.1 },
  { name: 'inference anywhere', provider: 'anthropic', model: 'claude-opus-5-5', as: 'anthropic', said: claude(1000, 500, { inference_geo: 'global' }), cost: mtok(1000 * 4, 500 * 20) },
  { name: 'fast mode of opus 5.5: 8 and 40', provider: 'anthropic', model: 'claude-opus-5-5', as: 'anthropic', said: claude(1000, 500, { service_tier: 'standard', speed: 'fast' }), cost: mtok(1000 * 8, 500 * 40) },
  { name: 'priority is capacity that was bought', provider: 'anthropic', model: 'claude-sonnet-4-6', as: 'anthropic', tier: 'priority', said: claude(1000, 500), cost: undefined },
]; // prettier-ignore

const gemini = (prompt: number, candidates: number, more: object = {}) => ({
  promptTokenCount: prompt,
  candidatesTokenCount: candidates,
  totalTokenCount: prompt + candidates,
  ...more,
});

const GOOGLE: readonly Invoice[] = [
  { name: 'generateContent', provider: 'gcp.gemini', model: 'gemini-2.5-flash', as: 'gemini', said: gemini(10, 200), cost: mtok(10 * 0.3, 200 * 2.5) },
  { name: 'thoughts are output', provider: 'gcp.gemini', model: 'gemini-2.5-pro', as: 'gemini', said: { promptTokenCount: 4000, candidatesTokenCount: 700, thoughtsTokenCount: 1300, totalTokenCount: 6000 }, cost: mtok(4000 * 1.25, 2000 * 10) },
  { name: 'cached content', provider: 'gcp.gemini', model: 'gemini-2.5-pro', as: 'gemini', said: gemini(100_000, 500, { cachedContentTokenCount: 98_000 }), cost: mtok(2000 * 1.25, 98_000 * 0.125, 500 * 10) },
  { name: 'above 200,000 tokens', provider: 'gcp.gemini', model: 'gemini-2.5-pro', as: 'gemini', said: gemini(250_000, 1000), cost: mtok(250_000 * 2.5, 1000 * 15) },
  { name: 'audio in', provider: 'gcp.gemini', model: 'gemini-2.5-flash', as: 'gemini', said: gemini(1300, 100, { promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }, { modality: 'AUDIO', tokenCount: 1200 }] }), cost: mtok(100 * 0.3, 1200 * 1, 100 * 2.5) },
  { name: 'audio in, partly cached', provider: 'gcp.gemini', model: 'gemini-2.5-flash', as: 'gemini', said: gemini(1300, 100, { cachedContentTokenCount: 700, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }, { modality: 'AUDIO', tokenCount: 1200 }], cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 700 }] }), cost: mtok(100 * 0.3, 500 * 1, 700 * 0.1, 100 * 2.5) },
  { name: 'images in cost what text costs', provider: 'gcp.gemini', model: 'gemini-2.5-pro', as: 'gemini', said: gemini(358, 20, { promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }, { modality: 'IMAGE', tokenCount: 258 }] }), cost: mtok(358 * 1.25, 20 * 10) },
  { name: 'a picture', provider: 'gcp.gemini', model: 'gemini-2.5-flash-image', as: 'gemini', said: gemini(10, 1300, { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }, { modality: 'TEXT', tokenCount: 10 }] }), cost: mtok(10 * 0.3, 10 * 2.5, 1290 * 30) },
  { name: 'prompt tokens of tools', provider: 'gcp.gemini', model: 'gemini-2.5-flash', as: 'gemini', said: { promptTokenCount: 20, toolUsePromptTokenCount: 500, candidatesTokenCount: 30, totalTokenCount: 550 }, cost: mtok(520 * 0.3, 30 * 2.5) },
  { name: 'flex', provider: 'gcp.vertex_ai', model: 'gemini-2.5-pro', as: 'gemini', tier: 'flex', said: gemini(1000, 1000, { trafficType: 'ON_DEMAND_FLEX' }), cost: mtok(1000 * 1.25, 1000 * 10) / 2 },
  { name: 'priority: 1.8', provider: 'gcp.gemini', model: 'gemini-3-flash-preview', as: 'gemini', tier: 'priority', said: gemini(1000, 1000), cost: mtok(1000 * 0.5, 1000 * 3) * 1.8 },
  { name: 'Claude on Vertex, anywhere', provider: 'gcp.vertex_ai', model: 'claude-opus-5-5', as: 'anthropic', host: 'aiplatform.googleapis.com', said: claude(1000, 100, wrote(0, 50)), cost: mtok(1000 * 4, 50 * 8, 100 * 20) },
  { name: 'Claude on Vertex, in a region', provider: 'gcp.vertex_ai', model: 'claude-opus-5-5', as: 'anthropic', host: 'us-east5-aiplatform.googleapis.com', said: claude(1000, 100), cost: mtok(1000 * 4, 100 * 20) * 1.1 },
]; // prettier-ignore

const converse = (input: number, output: number, more: object = {}) => ({
  inputTokens: input,
  outputTokens: output,
  totalTokens: input + output,
  ...more,
});

const CLOUDS: readonly Invoice[] = [
  { name: 'Bedrock, Nova', provider: 'aws.bedrock', model: 'amazon.nova-pro-v1:0', as: 'bedrock', said: converse(500, 100), cost: mtok(500 * 0.8, 100 * 3.2) },
  { name: 'Bedrock, Nova, cache read', provider: 'aws.bedrock', model: 'us.amazon.nova-lite-v1:0', as: 'bedrock', said: converse(100, 50, { cacheReadInputTokens: 2000, cacheWriteInputTokens: 0 }), cost: mtok(100 * 0.06, 2000 * 0.015, 50 * 0.24) },
  { name: 'Bedrock, Claude anywhere', provider: 'aws.bedrock', model: 'global.anthropic.claude-haiku-4-5-20251001-v1:0', as: 'bedrock', said: converse(1000, 100, { cacheReadInputTokens: 500, cacheWriteInputTokens: 200 }), cost: mtok(1000 * 1, 500 * 0.1, 200 * 1.25, 100 * 5) },
  { name: 'Bedrock, Claude in the US', provider: 'aws.bedrock', model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0', as: 'bedrock', said: converse(1000, 100, { cacheReadInputTokens: 500 }), cost: mtok(1000 * 1.1, 500 * 0.11, 100 * 5.5) },
  { name: 'Bedrock, an inference profile by its ARN', provider: 'aws.bedrock', model: 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0', as: 'bedrock', said: converse(1000, 100), cost: mtok(1000 * 3.3, 100 * 16.5) },
  { name: 'Bedrock, priority', provider: 'aws.bedrock', model: 'amazon.nova-pro-v1:0', as: 'bedrock', tier: 'priority', said: converse(500, 100), cost: mtok(500 * 0.8, 100 * 3.2) * 1.75 },
  { name: 'Azure', provider: 'azure.ai.openai', model: 'gpt-4o', as: 'openai_chat', said: chat(1000, 200, cached(256)), cost: mtok(744 * 2.5, 256 * 1.25, 200 * 10) },
  { name: 'Azure, a data zone as the config says', provider: 'azure.ai.openai', model: 'gpt-4o', as: 'openai_chat', prices: { 'azure.ai.openai/*': { factor: 1.1 } }, said: chat(1000, 200), cost: mtok(1000 * 2.75, 200 * 11) },
  { name: 'Azure, priority is not published as one factor', provider: 'azure.ai.openai', model: 'gpt-4.1', as: 'openai_chat', tier: 'priority', said: chat(1000, 200), cost: undefined },
]; // prettier-ignore

const OTHERS: readonly Invoice[] = [
  { name: 'Mistral', provider: 'mistral_ai', model: 'mistral-small-latest', as: 'openai_chat', said: chat(318, 120), cost: mtok(318 * 0.1, 120 * 0.3) },
  { name: 'Mistral, batch', provider: 'mistral_ai', model: 'codestral-2508', as: 'openai_chat', tier: 'batch', said: chat(318, 120), cost: mtok(318 * 0.3, 120 * 0.9) / 2 },
  { name: 'Cohere, billed units', provider: 'cohere', model: 'command-a', as: 'cohere', said: { billed_units: { input_tokens: 82, output_tokens: 418 }, tokens: { input_tokens: 82, output_tokens: 418 } }, cost: mtok(82 * 2.5, 418 * 10) },
  { name: 'Cohere, rerank', provider: 'cohere', model: 'rerank-v3.5', as: 'rerank', said: { results: [], meta: { billed_units: { search_units: 3 } } }, cost: 3 * 0.002 },
  { name: 'DeepSeek, hits and misses', provider: 'deepseek', model: 'deepseek-v3.1-terminus', as: 'openai_chat', said: chat(3000, 400, { prompt_cache_hit_tokens: 2048, prompt_cache_miss_tokens: 952 }), cost: mtok(952 * 0.27, 2048 * 0.13, 400 * 0.95) },
  { name: 'DeepSeek at night', provider: 'deepseek', model: 'deepseek-chat', as: 'openai_chat', at: '2026-09-30T20:00:00Z', said: chat(1000, 400), cost: mtok(1000 * 0.135, 400 * 0.55) },
  { name: 'Groq, cached', provider: 'groq', model: 'openai/gpt-oss-120b', as: 'openai_chat', said: chat(4641, 1817, cached(4608)), cost: mtok(33 * 0.15, 4608 * 0.075, 1817 * 0.6) },
  { name: 'Groq, flex costs the same', provider: 'groq', model: 'llama-3.3-70b-versatile', as: 'openai_chat', tier: 'flex', said: chat(100, 100), cost: mtok(100 * 0.59, 100 * 0.79) },
  { name: 'Groq, ten seconds of audio at least', provider: 'groq', model: 'whisper-large-v3-turbo', as: 'transcription', said: { text: 'hi', duration: 3 }, cost: (10 / 3600) * 0.04 },
  { name: 'xAI, reasoning beside the completion', provider: 'x_ai', model: 'grok-4', as: 'openai_chat', said: { prompt_tokens: 32, completion_tokens: 9, total_tokens: 135, prompt_tokens_details: { text_tokens: 32, audio_tokens: 0, image_tokens: 0, cached_tokens: 6 }, completion_tokens_details: { reasoning_tokens: 94 } }, cost: mtok(26 * 3, 6 * 0.75, 103 * 15) },
  { name: 'xAI says what it charged', provider: 'x_ai', model: 'grok-4', as: 'openai_chat', source: 'provider', said: chat(199, 1, { cost_in_usd_ticks: 158_500_000 }), cost: 0.01585 },
  { name: 'OpenRouter says what it charged', provider: 'openrouter', model: 'openai/gpt-4o', as: 'openai_chat', source: 'provider', said: chat(194, 2, { cost: 0.00095, cost_details: { upstream_inference_cost: null } }), cost: 0.00095 },
  { name: 'OpenRouter with a key of ones own: its fee and the provider’s bill', provider: 'openrouter', model: 'openai/gpt-4o', as: 'openai_chat', source: 'provider', said: chat(194, 2, { cost: 0.00005, is_byok: true, cost_details: { upstream_inference_cost: 0.001 } }), cost: 0.00105 },
  { name: 'Perplexity says what it charged', provider: 'perplexity', model: 'sonar-pro', as: 'openai_chat', source: 'provider', said: chat(15, 220, { search_context_size: 'low', cost: { input_tokens_cost: 0.000045, output_tokens_cost: 0.0033, request_cost: 0.006, total_cost: 0.009345 } }), cost: 0.009345 },
  { name: 'Perplexity by its list: a fee a request', provider: 'perplexity', model: 'sonar', as: 'openai_chat', said: chat(1000, 1000, { num_search_queries: 1 }), cost: mtok(1000 * 1, 1000 * 1) + 0.012 },
  { name: 'Perplexity, deep research', provider: 'perplexity', model: 'sonar-deep-research', as: 'openai_chat', said: chat(33, 12_000, { num_search_queries: 28, completion_tokens_details: { reasoning_tokens: 4000 } }), cost: mtok(33 * 2, 8000 * 8, 4000 * 3) + 28 * 0.005 },
  { name: 'Together', provider: 'together_ai', model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo', as: 'openai_chat', said: chat(700, 300), cost: mtok(1000 * 0.88) },
  { name: 'Fireworks, cached', provider: 'fireworks_ai', model: 'accounts/fireworks/models/kimi-k2p6', as: 'openai_chat', said: chat(5000, 300, cached(4000)), cost: mtok(1000 * 0.95, 4000 * 0.16, 300 * 4) },
  { name: 'Moonshot, cached', provider: 'moonshot_ai', model: 'kimi-k2.6', as: 'openai_chat', said: chat(5000, 300, cached(4096)), cost: mtok(904 * 0.95, 4096 * 0.16, 300 * 4) },
  { name: 'Cerebras', provider: 'cerebras', model: 'llama-3.3-70b', as: 'openai_chat', said: chat(1000, 100), cost: mtok(1000 * 0.85, 100 * 1.2) },
  { name: 'MiniMax', provider: 'minimax', model: 'MiniMax-M2', as: 'openai_chat', said: chat(1000, 100), cost: mtok(1000 * 0.3, 100 * 1.2) },
  { name: 'Z.ai, cached', provider: 'z_ai', model: 'GLM-5.2', as: 'openai_chat', said: chat(1000, 100, cached(800)), cost: mtok(200 * 1.4, 800 * 0.26, 100 * 4.4) },
  { name: 'Ollama costs what the config says', provider: 'ollama', model: 'llama3.2', as: 'ollama_chat', source: 'override', prices: { 'ollama/llama3.2': { input: 0.05, output: 0.1 } }, said: { prompt_eval_count: 26, eval_count: 298 }, cost: mtok(26 * 0.05, 298 * 0.1) },
  { name: 'Ollama without a price is not free', provider: 'ollama', model: 'llama3.2', as: 'ollama_chat', said: { prompt_eval_count: 26, eval_count: 298 }, cost: undefined },
  { name: 'a stranger’s number called cost is no dollars', provider: 'vllm', model: 'qwen3', as: 'openai_chat', said: chat(10, 10, { cost: 3 }), cost: undefined },
]; // prettier-ignore

const OWN: readonly Invoice[] = [
  { name: 'every unit of an override', provider: 'mine', model: 'm', as: 'openai_chat', source: 'override', prices: { 'mine/m': { input: 1, output: 2, cache_read: 0.5, audio_input: 10, audio_output: 20, image_input: 3, searches: 8 } }, said: chat(1000, 100, { prompt_tokens_details: { cached_tokens: 100, audio_tokens: 200, image_tokens: 300 }, completion_tokens_details: { audio_tokens: 40 }, num_search_queries: 2 }), cost: mtok(400 * 1, 100 * 0.5, 200 * 10, 300 * 3, 60 * 2, 40 * 20) + 2 * 0.008 },
  { name: 'steps and tiers of an override', provider: 'mine', model: 'm', as: 'openai_chat', source: 'override', tier: 'flex', prices: { 'mine/m': { input: 1, output: 2, above: [{ tokens: 1000, input: 3 }], tiers: { flex: 0.25 } } }, said: chat(2000, 100), cost: mtok(2000 * 3, 100 * 2) / 4 },
  { name: 'an override from a day on', provider: 'mine', model: 'm', as: 'openai_chat', source: 'override', prices: { 'mine/m': [{ input: 1, output: 1 }, { from: '2026-09-01', input: 2, output: 2 }, { from: '2026-10-01', input: 9, output: 9 }] }, said: chat(100, 100), cost: mtok(200 * 2) },
  { name: 'an override with a unit it has no rate for', provider: 'mine', model: 'm', as: 'openai_chat', prices: { 'mine/m': { input: 1, output: 1 } }, said: chat(100, 100, { num_search_queries: 1 }), cost: undefined },
]; // prettier-ignore

const INVOICES = [...OPENAI, ...ANTHROPIC, ...GOOGLE, ...CLOUDS, ...OTHERS, ...OWN];

function usageOf({ as, said }: Invoice): Usage | undefined {
  if (as === 'realtime') return readDetailedUsage(said);
  if (as in DIALECTS) return DIALECTS[as as DialectId].readUsage(said);
  return MEDIA[as as MediaKind].read({ input: 'hello world' }, said)?.usage;
}

describe('golden invoices', () => {
  for (const invoice of INVOICES) {
    test(`${invoice.provider} ${invoice.model}: ${invoice.name}`, () => {
      const usage = usageOf(invoice);
      assert.ok(usage, 'the usage is read');
      assert.ok(usage.cacheRead + usage.cacheWrite <= usage.input, 'cached tokens are part of the input');
      assert.ok(usage.reasoning <= usage.output);
      const { provider, model, host = '', prices = {}, at = AT } = invoice;
      const tier = billedTier([usage.tier, invoice.tier], undefined);
      const cost = costOf({ provider, model, host, tier, at: new Date(at) }, usage, prices);
      if (invoice.cost === undefined) return assert.equal(cost, undefined, 'unpriced');
      assert.ok(cost, 'it has a price');
      const off = Math.abs(cost.total - invoice.cost);
      assert.ok(off <= invoice.cost * 0.001 + 1e-9, `${cost.total} (${cost.priceId}), by hand ${invoice.cost}`);
      assert.equal(cost.source, invoice.source ?? 'list');
    });
  }

  test('there are enough of them', () => assert.ok(INVOICES.length >= 60, `${INVOICES.length}`));
});

/** The table's own reading of the same answers, where it has one: another pair of eyes. */
const ORACLE: readonly (readonly [as: DialectId, provider: string, flavor: string])[] = [
  ['openai_chat', 'openai', 'chat'],
  ['openai_responses', 'openai', 'responses'],
  ['anthropic', 'anthropic', 'default'],
  ['gemini', 'google', 'default'],
];

test('the price table reads and prices plain answers alike', () => {
  let compared = 0;
  for (const invoice of INVOICES) {
    const { as, model, tier, host, prices, source, said, cost, at = AT } = invoice;
    const oracle = ORACLE.find(([dialect]) => dialect === as);
    const table = invoice.provider === 'gcp.gemini' ? 'google' : invoice.provider;
    if (!oracle || oracle[1] !== table || tier || host || prices || source || cost === undefined) continue;
    const text = JSON.stringify(said);
    // What it does not read, or bills in another way than the provider: regions, modes, tools' tokens, search counts.
    if (/inference_geo|speed|toolUse|num_search|audio-preview/.test(text + model)) continue;
    const provider = findProvider({ providerId: table });
    assert.ok(provider);
    const body = as === 'gemini' ? { modelVersion: model, usageMetadata: said } : { model, usage: said };
    const { usage } = extractUsage(provider, body, oracle[2]);
    const theirs = calcPrice(usage, model, { providerId: table, timestamp: new Date(at) });
    assert.ok(theirs && Math.abs(theirs.total_price - cost) <= cost * 0.001 + 1e-9, `${invoice.name}: ${theirs?.total_price}, by hand ${cost}`);
    compared++;
  } // prettier-ignore
  assert.ok(compared >= 15, `${compared}`);
});

test('at least 1,300 models of the table have a price through our own look-up', () => {
  const one = { input: 1000, cacheRead: 0, cacheWrite: 0, output: 10, reasoning: 0 };
  const vectors = { ...one, output: 0 };
  const sound = { ...vectors, input: 0, units: { seconds: 60 } };
  let priced = 0;
  for (const { provider, model } of listedModels()) {
    const costs = [one, vectors, sound].map((usage) => costOf({ provider, model, at: new Date(AT) }, usage, {}));
    if (costs.some((cost) => cost !== undefined && cost.priceId !== '')) priced++;
  }
  assert.ok(priced >= 1300, `${priced}`);
});
