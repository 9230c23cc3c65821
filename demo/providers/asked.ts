// What a provider reads out of a request, whichever of the wire formats it came in.

import type { CallInput, DialectId, Part } from '../../schemas/call.ts';
import { DIALECTS } from '../../schemas/dialects/index.ts';
import { countTokens } from '../tokens.ts';

export interface Tool {
  readonly name: string;
  readonly schema: unknown;
}

export interface Asked {
  readonly model: string;
  readonly stream: boolean;
  /** The text of all messages, oldest first. */
  readonly transcript: string;
  /** The newest words of the user. */
  readonly question: string;
  readonly inputTokens: number;
  readonly messages: number;
  readonly tools: readonly Tool[];
  /** auto | none | required, or the name of a tool that must be called. */
  readonly toolChoice: string;
  /** The newest message is a tool's result: time to answer. */
  readonly afterTool: boolean;
  /** The answer must be JSON; the schema when one was given. */
  readonly json: { readonly schema: unknown } | undefined;
  readonly maxTokens: number;
  /** Send the usage chunk of the chat format at the end of a stream. */
  readonly includeUsage: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const string = (value: unknown): string => (typeof value === 'string' ? value : '');

function partText(part: Part): string {
  if (part.type === 'tool_call') return `${part.name} ${JSON.stringify(part.arguments)}`;
  if (part.type === 'tool_call_response') {
    return typeof part.response === 'string' ? part.response : JSON.stringify(part.response);
  }
  return 'content' in part && typeof part.content === 'string' && part.type !== 'blob' ? part.content : '';
}

const textOf = (parts: readonly Part[]) => parts.map(partText).join('\n');

/** What all formats share, from the neutral call. */
function common(input: CallInput, body: Json): Omit<Asked, 'toolChoice' | 'json' | 'maxTokens'> {
  const transcript = input.messages.map((message) => textOf(message.parts)).join('\n');
  const asking = input.messages.findLast(
    ({ role, parts }) => role === 'user' && parts.some((part) => part.type === 'text'),
  );
  const around = textOf(input.system) + (input.tools.length > 0 ? JSON.stringify(input.tools) : '');
  return {
    model: string(body['model']),
    stream: body['stream'] === true,
    transcript,
    question: asking ? textOf(asking.parts.filter((part) => part.type === 'text')) : '',
    inputTokens: countTokens(transcript) + countTokens(around) + 4 * input.messages.length + 3,
    messages: input.messages.length,
    tools: input.tools.map(({ name, parameters }) => ({ name, schema: parameters })),
    afterTool: input.messages.at(-1)?.parts.some((part) => part.type === 'tool_call_response') ?? false,
    includeUsage: record(body['stream_options'])['include_usage'] === true,
  };
}

const inputOf = (dialect: DialectId, body: unknown) => common(DIALECTS[dialect].readInput(body), record(body));

export function readChat(value: unknown): Asked {
  const body = record(value);
  const format = record(body['response_format']);
  const choice = body['tool_choice'];
  return {
    ...inputOf('openai_chat', body),
    toolChoice: string(choice) || string(record(record(choice)['function'])['name']) || 'auto',
    json: string(format['type']).startsWith('json') ? { schema: record(format['json_schema'])['schema'] } : undefined,
    maxTokens: Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? Infinity),
  };
}

export function readResponses(value: unknown): Asked {
  const body = record(value);
  const format = record(record(body['text'])['format']);
  const choice = body['tool_choice'];
  return {
    ...inputOf('openai_responses', body),
    toolChoice: string(choice) || string(record(choice)['name']) || 'auto',
    json: string(format['type']).startsWith('json') ? { schema: format['schema'] } : undefined,
    maxTokens: Number(body['max_output_tokens'] ?? Infinity),
  };
}

const ANTHROPIC_CHOICE: Readonly<Record<string, string>> = { any: 'required', none: 'none' };

export function readMessages(value: unknown): Asked {
  const body = record(value);
  const choice = record(body['tool_choice']);
  return {
    ...inputOf('anthropic', body),
    toolChoice: string(choice['name']) || (ANTHROPIC_CHOICE[string(choice['type'])] ?? 'auto'),
    json: undefined,
    maxTokens: Number(body['max_tokens'] ?? Infinity),
  };
}

/** The texts of an embeddings request. */
export function readEmbeddings(value: unknown): {
  model: string;
  texts: string[];
  dimensions: number;
  base64: boolean;
} {
  const body = record(value);
  const { input } = body;
  const texts = Array.isArray(input) ? input : [input];
  return {
    model: string(body['model']),
    texts: texts.map((text) => (typeof text === 'string' ? text : JSON.stringify(text ?? ''))),
    dimensions: typeof body['dimensions'] === 'number' ? body['dimensions'] : 256,
    base64: body['encoding_format'] === 'base64',
  };
}
