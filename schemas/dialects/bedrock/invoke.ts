// Bedrock's InvokeModel: bodies in the format of each model's own maker, streamed as chunks of base64. All of them are
// read, so that they are accounted for; the Messages format of Anthropic's models is also translated.

import type { Call, CallEvent, CallInput, CallOutput, Part, Usage } from '../../call.ts';
import { checkedBody } from '../check.ts';
import { streamOf } from '../fold.ts';
import { fields, isFields, list, parsed, readError, text, textPart, usageOf } from '../read.ts';
import type { Fields } from '../read.ts';
import { Inexpressible } from '../types.ts';
import type { CallTarget, ChatDialect, EventDecoder, EventEncoder, Frame, WireRequest, WrittenCall } from '../types.ts';
import { exceptionFor, readFault } from './answer.ts';

const VERSION = 'bedrock-2023-05-31';
/** In the last chunk of every stream. */
const METRICS = 'amazon-bedrock-invocationMetrics';

/** @param converse the dialect whose blocks Nova uses ; @param messages the dialect of Anthropic's models */
export function bedrockInvoke(converse: ChatDialect, messages: ChatDialect): ChatDialect {
  const bodies = new Bodies(converse, messages);
  return {
    id: 'bedrock_invoke',
    operation: 'chat',
    framing: 'aws',
    readInput: (body) => bodies.input(fields(body)),
    readOutput: (body) => bodies.output(fields(body)),
    readUsage,
    readCall: (request) => readCall(request, messages),
    writeCall: (call, target) => writeCall(call, target, messages),
    writeOutput: (output, asked) => messages.writeOutput(output, asked),
    decoder: () => new InvokeDecoder(converse, messages),
    encoder: (asked) => new InvokeEncoder(messages.encoder(asked)),
    stream: () => streamOf(new InvokeDecoder(converse, messages)),
    names: messages.names,
  };
}

/** The version is the platform's word; the model and whether to stream are said in the path. */
function readCall({ body: value, model, stream }: WireRequest, messages: ChatDialect): Call {
  const { anthropic_version, anthropic_beta: _, ...body } = checkedBody(value);
  if (anthropic_version === undefined && !Array.isArray(body['messages']))
    throw new Inexpressible('', "Only the Messages format of Anthropic's models can be passed on to another provider.");
  return messages.readCall({ body: { ...body, model, stream }, model, stream });
}

function writeCall(call: Call, target: CallTarget, messages: ChatDialect): WrittenCall {
  const { body: written, dropped } = messages.writeCall(call, target);
  const { model: _, stream: __, ...body } = written;
  return { body: { anthropic_version: VERSION, ...body }, dropped };
}

/** Which maker's format a body has. */
class Bodies {
  readonly #converse: ChatDialect;
  readonly #messages: ChatDialect;

  constructor(converse: ChatDialect, messages: ChatDialect) {
    this.#converse = converse;
    this.#messages = messages;
  }

  input(body: Fields): CallInput {
    const prompt = PROMPTS.map((name) => text(body[name])).find((said) => said !== '');
    if (prompt !== undefined) return { system: [], messages: [{ role: 'user', parts: textPart(prompt) }], tools: [] };
    const [first] = list(fields(list(body['messages'])[0])['content']);
    const untyped = isFields(first) && first['type'] === undefined;
    return (untyped ? this.#converse : this.#messages).readInput(body);
  }

  output(body: Fields): CallOutput {
    if (Array.isArray(body['content'])) return this.#messages.readOutput(body);
    if (isFields(body['output'])) return { ...this.#converse.readOutput(body), usage: readUsage(body['usage']) };
    const said = saidIn(body);
    const error = said === undefined ? (readFault(body) ?? readError(body)) : undefined;
    const parts: readonly Part[] = textPart(said?.text ?? '');
    return {
      messages: said === undefined ? [] : [{ role: 'assistant', parts, finish_reason: said.reason || 'stop' }],
      usage: readUsage(isFields(body['usage']) ? body['usage'] : body),
      model: text(body['model']),
      id: text(body['id']),
      complete: Object.keys(body).length > 0,
      error,
    };
  }
}

/** The prompt of models without conversations: Titan, Llama and Mistral, Cohere. */
const PROMPTS = ['inputText', 'prompt', 'message'];

const REASONS: Readonly<Partial<Record<string, string>>> = {
  FINISH: 'stop',
  COMPLETE: 'stop',
  endoftext: 'stop',
  LENGTH: 'length',
  MAX_TOKENS: 'length',
  tool_calls: 'tool_call',
  CONTENT_FILTERED: 'content_filter',
};

/** The text and the end of an answer or a chunk: of Titan, Llama, Mistral, Cohere, and of those who speak as OpenAI does. */
function saidIn(body: Fields): { readonly text: string; readonly reason: string } | undefined {
  const first = fields(
    [body['results'], body['outputs'], body['generations'], body['choices']].flatMap(list)[0] ?? body,
  );
  const inner = fields(first['message'] ?? first['delta']);
  const said = [first['outputText'], first['generation'], first['text'], inner['content']];
  const found = said.find((each) => typeof each === 'string');
  const reason = text(first['completionReason'] ?? first['stop_reason'] ?? first['finish_reason']);
  if (found === undefined && reason === '') return undefined;
  return { text: text(found), reason: REASONS[reason] ?? reason };
}

/** Names that makers give to one count. Anthropic's, Nova's and Bedrock's own input leaves cached tokens out. */
const FRESH = ['input_tokens', 'inputTokens', 'inputTokenCount'];
const WHOLE = ['prompt_tokens', 'prompt_token_count', 'inputTextTokenCount'];
const OUTPUT = 'output_tokens outputTokens outputTokenCount completion_tokens generation_token_count'.split(' ');
const READS = 'cache_read_input_tokens cacheReadInputTokens cacheReadInputTokenCount'.split(' ');
const WRITES = 'cache_creation_input_tokens cacheWriteInputTokens cacheWriteInputTokenCount'.split(' ');

/** @param value a `usage` object, the metrics of a stream, or an answer that has its counts among its fields */
export function readUsage(value: unknown): Usage | undefined {
  const usage = fields(value);
  const first = (names: readonly string[]) => names.map((name) => usage[name]).find((each) => each !== undefined);
  const [cacheRead, cacheWrite, fresh] = [first(READS) ?? 0, first(WRITES) ?? 0, first(FRESH)];
  const sum = typeof fresh === 'number' ? fresh + Number(cacheRead) + Number(cacheWrite) : fresh;
  const titan = fields(list(usage['results'])[0])['tokenCount'] ?? usage['totalOutputTextTokenCount'];
  return usageOf({ input: sum ?? first(WHOLE), output: first(OUTPUT) ?? titan, cacheRead, cacheWrite, reasoning: 0 });
}

/** Chunks of any maker; the last one brings Bedrock's own counts. */
class InvokeDecoder implements EventDecoder {
  readonly #converse: EventDecoder;
  readonly #messages: EventDecoder;
  #usage: Usage | undefined;
  #ended = false;
  #open = false;
  #reason = '';

  constructor(converse: ChatDialect, messages: ChatDialect) {
    this.#converse = converse.decoder();
    this.#messages = messages.decoder();
  }

  push(event: string, data: string): readonly CallEvent[] {
    const frame = fields(parsed(data));
    if (event !== 'chunk') {
      const error = readFault(frame, event);
      return error === undefined ? [] : [{ type: 'error', error }];
    }
    const json = Buffer.from(text(frame['bytes']), 'base64').toString();
    const chunk = fields(parsed(json));
    const events = this.#read(chunk, json);
    const metrics = chunk[METRICS];
    for (const each of events) if (each.type === 'usage') this.#usage = each.usage;
    if (metrics === undefined || this.#ended) {
      this.#ended ||= events.some(({ type }) => type === 'end');
      return events;
    }
    return this.#last(events, { ...fields(metrics), ...fields(chunk['usage']) });
  }

  #read(chunk: Fields, json: string): readonly CallEvent[] {
    if (typeof chunk['type'] === 'string') return this.#messages.push(chunk['type'], json);
    const [nova] = Object.keys(chunk).filter((name) => name !== METRICS);
    if (nova !== undefined && NOVA.has(nova)) return this.#converse.push(nova, JSON.stringify(chunk[nova]));
    const said = saidIn(chunk);
    if (said === undefined) return [];
    this.#reason = said.reason || this.#reason;
    const part: Part = { type: 'text', content: '' };
    const begins: readonly CallEvent[] = [
      { type: 'start', id: text(chunk['id']), model: text(chunk['model']) },
      { type: 'open', choice: 0, index: 0, part },
    ];
    const opens = this.#open ? [] : begins;
    this.#open = true;
    return said.text === '' ? opens : [...opens, { type: 'delta', choice: 0, index: 0, text: said.text }];
  }

  /** Counts that come last and are more than those that came before are right: Bedrock adds what the cache did. */
  #last(events: readonly CallEvent[], metrics: Fields): readonly CallEvent[] {
    this.#ended = true;
    const counted = readUsage(metrics);
    const better = counted !== undefined && (this.#usage === undefined || counted.input > this.#usage.input);
    const closed: readonly CallEvent[] = [
      { type: 'close', choice: 0, index: 0 },
      { type: 'finish', choice: 0, reason: this.#reason || 'stop' },
    ];
    return [
      ...events.filter(({ type }) => type !== 'end'),
      ...(this.#open ? closed : []),
      ...(better ? [{ type: 'usage', usage: counted } as const] : []),
      { type: 'end' },
    ];
  }
}

const NOVA: ReadonlySet<string> = new Set([
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
]);

/** The Messages events as chunks; an error is an exception of the platform. */
class InvokeEncoder implements EventEncoder {
  readonly #messages: EventEncoder;
  #metrics: Fields = {};

  constructor(messages: EventEncoder) {
    this.#messages = messages;
  }

  push(event: CallEvent): readonly Frame[] {
    if (event.type === 'error')
      return [{ event: exceptionFor(event.error), data: JSON.stringify({ message: event.error.message }) }];
    if (event.type === 'usage') {
      const { input, cacheRead, cacheWrite, output } = event.usage;
      this.#metrics = {
        inputTokenCount: input - cacheRead - cacheWrite,
        outputTokenCount: output,
        cacheReadInputTokenCount: cacheRead,
        cacheWriteInputTokenCount: cacheWrite,
      };
    }
    const last = event.type === 'end';
    return this.#messages.push(event).map(({ data }, at, all) => {
      const counted = last && at === all.length - 1 ? { [METRICS]: this.#metrics } : {};
      const json = JSON.stringify({ ...fields(parsed(data)), ...counted });
      return { event: 'chunk', data: JSON.stringify({ bytes: Buffer.from(json).toString('base64') }) };
    });
  }
}
