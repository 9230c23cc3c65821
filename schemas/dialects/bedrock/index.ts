// Amazon Bedrock's Converse and ConverseStream. The model is in the path, and so is whether the answer is streamed.

import { streamOf } from '../fold.ts';
import type { ChatDialect } from '../types.ts';
import { readOutput, readUsage, writeOutput } from './answer.ts';
import { readCall, readInput } from './request.ts';
import { BedrockDecoder, BedrockEncoder } from './stream.ts';
import { writeCall } from './write-call.ts';

export const bedrock: ChatDialect = {
  id: 'bedrock',
  operation: 'chat',
  framing: 'aws',
  readInput: (body) => readInput(body),
  readCall,
  writeCall,
  readOutput,
  writeOutput,
  readUsage,
  decoder: () => new BedrockDecoder(),
  encoder: () => new BedrockEncoder(),
  stream: () => streamOf(new BedrockDecoder()),
  names: {
    maxTokens: 'inferenceConfig.maxTokens',
    temperature: 'inferenceConfig.temperature',
    topP: 'inferenceConfig.topP',
    stop: 'inferenceConfig.stopSequences',
    topK: 'additionalModelRequestFields.top_k',
    toolChoice: 'toolConfig.toolChoice',
    parallelTools: 'additionalModelRequestFields.tool_choice',
    format: 'outputConfig.textFormat',
    thinking: 'additionalModelRequestFields.thinking',
    serviceTier: 'serviceTier',
    metadata: 'requestMetadata',
  },
};
