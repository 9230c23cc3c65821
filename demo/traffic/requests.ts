// A model call as an unmodified client would write it, in each dialect.

import { DEMO_KEYS } from '../config.ts';
import type { ModelCall, Turn } from './world.ts';

export interface ClientRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Wire = 'openai_chat' | 'openai_responses' | 'openai_embeddings' | 'anthropic';

export const PATHS: Readonly<Record<Wire, string>> = {
  openai_chat: '/v1/chat/completions',
  openai_responses: '/v1/responses',
  openai_embeddings: '/v1/embeddings',
  anthropic: '/v1/messages',
};

export const wireOf = (call: ModelCall): Wire => (call.embed ? 'openai_embeddings' : call.caller.feature.dialect);

export function clientRequest(call: ModelCall): ClientRequest {
  const { caller, parent } = call;
  const { feature } = caller;
  const wire = wireOf(call);
  const key = DEMO_KEYS[feature.team];
  return {
    path: PATHS[wire],
    headers: {
      'content-type': 'application/json',
      'user-agent': wire === 'anthropic' ? 'Anthropic/JS 1.12.0' : 'OpenAI/JS 7.57.0',
      ...(wire === 'anthropic'
        ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
        : { authorization: `Bearer ${key}` }),
      'x-signalbox-user': caller.user,
      'x-signalbox-session': caller.session,
      'x-signalbox-prompt': `${feature.prompt}@${caller.promptVersion}`,
      'x-signalbox-tags': `feature=${feature.id},app_version=${caller.appVersion},region=${caller.region}`,
      ...(parent ? { traceparent: `00-${parent.traceId}-${parent.spanId}-01` } : {}),
    },
    body: JSON.stringify({ model: call.model, ...BODIES[wire](call) }),
  };
}

const BODIES: Readonly<Record<Wire, (call: ModelCall) => object>> = {
  openai_embeddings: (call) => ({ input: call.embed, encoding_format: 'base64' }),

  openai_chat: (call) => ({
    messages: [{ role: 'system', content: call.caller.feature.system }, ...call.turns.map(chatMessage)],
    ...(call.tools.length > 0
      ? {
          tools: call.tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
        }
      : {}),
    temperature: 0.3,
    ...(call.stream ? { stream: true } : {}),
  }),

  openai_responses: (call) => ({
    instructions: call.caller.feature.system,
    input: call.turns.map(({ role, text }) => ({ role, content: text })),
    ...(call.caller.feature.schema ? { text: { format: { type: 'json_object' } } } : {}),
    ...(call.stream ? { stream: true } : {}),
  }),

  anthropic: (call) => ({
    max_tokens: 1024,
    system: call.caller.feature.system,
    messages: call.turns.map(({ role, text }) => ({ role, content: text })),
    ...(call.stream ? { stream: true } : {}),
  }),
};

function chatMessage({ role, text, call }: Turn): object {
  if (role === 'tool') return { role, tool_call_id: call?.id, content: text };
  if (!call) return { role, content: text };
  return {
    role,
    content: null,
    tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
  };
}
