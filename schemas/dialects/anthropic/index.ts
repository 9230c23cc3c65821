// Anthropic Messages: content in typed blocks, instructions apart from the messages, tool results inside user messages.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readOutput, writeOutput } from './answer.ts';
import { counting } from './counting.ts';
import { AnthropicDecoder } from './decoder.ts';
import { AnthropicEncoder } from './encoder.ts';
import { readCall, readInput } from './request.ts';
import { readAnthropicUsage } from './usage.ts';
import { writeCall } from './write-call.ts';

export const anthropic: ChatDialect = {
  id: 'anthropic',
  operation: 'chat',
  framing: 'sse',
  readInput,
  readOutput,
  readUsage: readAnthropicUsage,
  stream: () => streamOf(new AnthropicDecoder()),
  readCall,
  writeCall,
  writeOutput,
  decoder: () => new AnthropicDecoder(),
  encoder: (asked) => new AnthropicEncoder(asked),
  counting,
  names: {
    maxTokens: 'max_tokens',
    temperature: 'temperature',
    topP: 'top_p',
    topK: 'top_k',
    stop: 'stop_sequences',
    toolChoice: 'tool_choice',
    parallelTools: 'tool_choice.disable_parallel_tool_use',
    format: 'output_config.format',
    thinking: 'thinking',
    serviceTier: 'service_tier',
    user: 'metadata.user_id',
    metadata: 'metadata',
  },
};
