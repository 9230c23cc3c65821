// `count_tokens`: a request without what is about the answer, and one number back.

import { count, fields } from '../read.ts';
import type { TokenCounting } from '../types.ts';
import { readCall } from './request.ts';
import { writeCall } from './write-call.ts';

const COUNTED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'cache_control',
  'mcp_servers',
]);

export const counting: TokenCounting = {
  readCall,
  writeCall(call, target) {
    const { body, dropped } = writeCall(call, { ...target, stream: false });
    return { body: Object.fromEntries(Object.entries(body).filter(([name]) => COUNTED.has(name))), dropped };
  },
  readAnswer(body) {
    const tokens = count(fields(body)['input_tokens']);
    return tokens === 'bad' ? undefined : tokens;
  },
  writeAnswer: (tokens) => ({ input_tokens: tokens }),
};
