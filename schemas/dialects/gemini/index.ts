// Gemini's generateContent: contents of parts, model and stream in the path, streams of whole answers.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readOutput, writeOutput } from './answer.ts';
import { counting } from './counting.ts';
import { GeminiDecoder } from './decoder.ts';
import { GeminiEncoder } from './encoder.ts';
import { readCall, readInput } from './request.ts';
import { readGeminiUsage } from './usage.ts';
import { writeCall } from './write-call.ts';

export const gemini: ChatDialect = {
  id: 'gemini',
  operation: 'chat',
  framing: 'sse',
  readInput,
  readOutput,
  readUsage: readGeminiUsage,
  stream: () => streamOf(new GeminiDecoder()),
  readCall,
  writeCall,
  writeOutput,
  decoder: () => new GeminiDecoder(),
  encoder: (asked) => new GeminiEncoder(asked),
  counting,
  names: {
    maxTokens: 'generationConfig.maxOutputTokens',
    temperature: 'generationConfig.temperature',
    topP: 'generationConfig.topP',
    topK: 'generationConfig.topK',
    seed: 'generationConfig.seed',
    stop: 'generationConfig.stopSequences',
    presencePenalty: 'generationConfig.presencePenalty',
    frequencyPenalty: 'generationConfig.frequencyPenalty',
    logprobs: 'generationConfig.responseLogprobs',
    topLogprobs: 'generationConfig.logprobs',
    n: 'generationConfig.candidateCount',
    toolChoice: 'toolConfig.functionCallingConfig',
    format: 'generationConfig.responseJsonSchema',
    thinking: 'generationConfig.thinkingConfig',
    serviceTier: 'serviceTier',
    safety: 'safetySettings',
  },
};
