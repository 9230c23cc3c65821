// Generators of neutral calls, outputs and event sequences, for the properties of every dialect. What is generated is
// what the dialect under test can express (`Can`), in the order in which it would say it, so that a round trip through it
// must give the same again.

import * as fc from 'fast-check';
import type {
  Call,
  CallEvent,
  CallOutput,
  EmbeddingsCall,
  EmbeddingsOutput,
  Message,
  OutputMessage,
  Part,
  SealFamily,
  SettingName,
  Settings,
  ToolDefinition,
  Usage,
} from '../../schemas/call.ts';
import { unfold } from '../../schemas/dialects/fold.ts';

/** What a dialect can say. Absent is no. */
export interface Can {
  /** Instructions stand in `system`, not among the messages. */
  readonly systemApart?: boolean;
  /** The role developer is another than system. */
  readonly developer?: boolean;
  /** Instructions may also stand between other messages. */
  readonly systemAnywhere?: boolean;
  /** Texts, thoughts and calls of an answer in any order; else thoughts, one text, a refusal, calls. */
  readonly mixed?: boolean;
  readonly images?: boolean;
  readonly imageUrls?: boolean;
  readonly imageResults?: boolean;
  readonly documents?: boolean;
  readonly audio?: boolean;
  readonly reasoning?: boolean;
  /** Thoughts carry seals of this family. */
  readonly seal?: SealFamily;
  /** Seals have a name each. */
  readonly sealIds?: boolean;
  readonly refusals?: boolean;
  readonly toolErrors?: boolean;
  /** Results of tools carry the tool's name. */
  readonly resultNames?: boolean;
  /** Tool calls have no ids: they are `call_0`, `call_1` ... in their order. */
  readonly noToolIds?: boolean;
  readonly noTools?: boolean;
  /** A message is one text with what is seen beside it. */
  readonly oneText?: boolean;
  /** Calls in the history need tools on offer. */
  readonly alwaysTools?: boolean;
  /** Answers do not say their own id, or the model's. */
  readonly noAnswerId?: boolean;
  readonly noAnswerModel?: boolean;
  /** Answers beside each other; 1 unless said. */
  readonly choices?: number;
  readonly noCacheCounts?: boolean;
  readonly noCacheWrites?: boolean;
  readonly noReasoningCounts?: boolean;
  readonly finishReasons?: readonly string[];
  readonly settings?: readonly SettingName[];
  /** Settings that every call has: the dialect demands them. */
  readonly required?: readonly SettingName[];
  /** The results of one turn are one message. */
  readonly mergedResults?: boolean;
}

const ID_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '');
/** Said by people and models: never empty, never only blank, with quotes, newlines and emoji in it. */
export const saidText = fc.oneof(
  words,
  fc.constantFrom('"quoted" \\ and\nbroken', 'data: [DONE]\n\n', 'Grüße, 世界 👩‍👩‍👧', '{"a":1}', '\u2028\u0000x'),
);
export const name = fc
  .string({ unit: fc.constantFrom(...ID_CHARACTERS), minLength: 1, maxLength: 10 })
  .map((text) => `n${text}`);
const base64 = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64'));

/** JSON that JSON gives back as it was: no -0, no own `__proto__`. */
export const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as unknown);
export const jsonObject = fc.dictionary(name, json, { maxKeys: 3 }).map((value) => ({ ...value }));

const text = saidText.map((content): Part => ({ type: 'text', content }));
const image = base64.map((content): Part => ({ type: 'blob', modality: 'image', mime_type: 'image/png', content }));
const imageUrl = name.map((id): Part => ({ type: 'uri', modality: 'image', uri: `https://example.com/${id}.png` }));
const document = base64.map((content): Part => ({
  type: 'blob',
  modality: 'document',
  mime_type: 'application/pdf',
  content,
  name: 'a.pdf',
}));
const audio = base64.map((content): Part => ({ type: 'blob', modality: 'audio', mime_type: 'audio/wav', content }));

/** @param can what the dialect can say ; @returns parts of a user's message, at least one */
export function userParts(can: Can): fc.Arbitrary<readonly Part[]> {
  const kinds = [text];
  if (can.images) kinds.push(image);
  if (can.imageUrls) kinds.push(imageUrl);
  if (can.documents) kinds.push(document);
  if (can.audio) kinds.push(audio);
  if (!can.oneText) return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 3 });
  const others = kinds.slice(1);
  const beside = others.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...others), { maxLength: 2 });
  return fc.tuple(text, beside).map(([text, beside]) => [text, ...beside]);
}

function thought({ seal, sealIds }: Can): fc.Arbitrary<Part> {
  const content = saidText;
  if (seal === undefined) return content.map((content) => ({ type: 'reasoning', content }));
  return fc.record({ content, value: base64, id: fc.uuid() }).map(({ content, value, id }) => ({
    type: 'reasoning',
    content,
    seal: { family: seal, value, ...(sealIds ? { id } : {}) },
  }));
}

const toolCall = fc
  .record({ name, arguments: jsonObject })
  .map((call): Part => ({ type: 'tool_call', id: '', ...call }));

/** What an assistant says; tool calls have their ids later (`numbered`). */
export function assistantParts(can: Can): fc.Arbitrary<readonly Part[]> {
  const kinds = [text];
  if (can.reasoning) kinds.push(thought(can));
  if (!can.noTools) kinds.push(toolCall);
  if (can.mixed) return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 5 });
  const none: fc.Arbitrary<readonly Part[]> = fc.constant([]);
  const some = (part: fc.Arbitrary<Part>, most: number) => fc.array(part, { maxLength: most });
  return fc
    .tuple(
      can.reasoning ? some(thought(can), 1) : none,
      some(text, 1),
      can.refusals
        ? some(
            saidText.map((content): Part => ({ type: 'refusal', content })),
            1,
          )
        : none,
      can.noTools ? none : some(toolCall, 3),
    )
    .map((groups) => groups.flat())
    .filter((parts) => parts.some((part) => part.type !== 'reasoning'));
}

/** Gives each tool call an id that is its own in the whole conversation. */
function numbered(messages: readonly Message[], can: Can): Message[] {
  let next = 0;
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) =>
      part.type === 'tool_call' ? { ...part, id: `call_${can.noToolIds ? '' : 'x'}${next++}` } : part,
    ),
  }));
}

interface Turn {
  readonly user: readonly Part[];
  readonly assistant: readonly Part[];
  readonly responses: readonly (readonly Part[] | string)[];
  readonly error: boolean;
  readonly instruction: string | undefined;
}

function turn(can: Can): fc.Arbitrary<Turn> {
  const response: fc.Arbitrary<readonly Part[] | string> = can.imageResults
    ? fc.oneof(saidText, fc.tuple(text, image))
    : saidText;
  return fc.record({
    user: userParts(can),
    assistant: assistantParts(can),
    responses: fc.array(response, { minLength: 5, maxLength: 5 }),
    error: can.toolErrors ? fc.boolean() : fc.constant(false),
    instruction: can.systemAnywhere ? fc.option(saidText, { nil: undefined, freq: 3 }) : fc.constant(undefined),
  });
}

/** A turn's messages: what the user said, what came back, and the result of every tool that was called. */
function turnMessages({ user, assistant, responses, error, instruction }: Turn, can: Can): Message[] {
  const said: Message[] =
    instruction === undefined
      ? []
      : [{ role: can.developer ? 'developer' : 'system', parts: [{ type: 'text', content: instruction }] }];
  const calls = assistant.filter((part) => part.type === 'tool_call');
  const results = calls.map((call, at): Message => ({
    role: 'tool',
    parts: [
      {
        type: 'tool_call_response',
        id: '',
        ...(can.resultNames ? { name: call.name } : {}),
        response: responses[at % 5],
        ...(error && at === 0 ? { is_error: true } : {}),
      },
    ],
  }));
  const merged: Message[] = can.mergedResults
    ? [{ role: 'tool', parts: results.flatMap(({ parts }) => parts) }]
    : results;
  const answered = results.length === 0 ? [] : merged;
  return [...said, { role: 'user', parts: user }, { role: 'assistant', parts: assistant }, ...answered];
}

/** Each result gets the id of the call that it answers, in order. */
function answered(messages: readonly Message[]): Message[] {
  const open: string[] = [];
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) => {
      if (part.type === 'tool_call') open.push(part.id);
      return part.type === 'tool_call_response' ? { ...part, id: open.shift() ?? '' } : part;
    }),
  }));
}

/** A conversation that ends with the user (or with tool results, when `ending` has none). */
export function conversation(can: Can): fc.Arbitrary<readonly Message[]> {
  return fc
    .tuple(fc.array(turn(can), { maxLength: 3 }), fc.option(userParts(can), { nil: undefined }))
    .map(([turns, ending]) => {
      const messages = turns.flatMap((each) => turnMessages(each, can));
      const last = messages.at(-1);
      const end = ending ?? (last?.role === 'tool' ? undefined : [{ type: 'text', content: 'Go on.' } as const]);
      return answered(numbered(end === undefined ? messages : [...messages, { role: 'user', parts: end }], can));
    });
}

const tool = fc
  .record({ name, description: fc.option(saidText, { nil: undefined }), key: name })
  .map(({ name, description, key }): ToolDefinition => ({
    type: 'function',
    name,
    ...(description === undefined ? {} : { description }),
    parameters: { type: 'object', properties: { [key]: { type: 'string' } }, required: [key] },
  }));

const tenth = fc.integer({ min: 0, max: 10 }).map((value) => value / 10);
const SETTING: { readonly [name in SettingName]?: fc.Arbitrary<unknown> } = {
  maxTokens: fc.integer({ min: 1, max: 8000 }),
  temperature: tenth,
  topP: tenth,
  topK: fc.integer({ min: 1, max: 100 }),
  minP: tenth,
  seed: fc.integer({ min: 0, max: 1e6 }),
  stop: fc.array(name, { minLength: 1, maxLength: 3 }),
  presencePenalty: tenth,
  frequencyPenalty: tenth,
  logitBias: fc.dictionary(fc.constantFrom('1', '50256'), fc.integer({ min: -100, max: 100 }), {
    minKeys: 1,
    noNullPrototype: true,
  }),
  logprobs: fc.constant(true),
  topLogprobs: fc.integer({ min: 1, max: 5 }),
  n: fc.integer({ min: 2, max: 4 }),
  parallelTools: fc.boolean(),
  format: fc.oneof(
    fc.constant({ type: 'json' }),
    jsonObject.map((schema) => ({
      type: 'schema',
      schema: { type: 'object', ...schema },
      name: 'answer',
      strict: true,
    })),
  ),
  thinking: fc.constantFrom({ effort: 'low' }, { effort: 'medium' }, { effort: 'high' }),
  verbosity: fc.constantFrom('low', 'medium', 'high'),
  serviceTier: fc.constantFrom('auto', 'default', 'flex'),
  user: name,
  metadata: fc.dictionary(name, name, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
  store: fc.boolean(),
  promptCacheKey: name,
};

function settings({ settings = [], required = [] }: Can, tools: readonly ToolDefinition[]): fc.Arbitrary<Settings> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const name of settings) {
    const arbitrary = SETTING[name];
    if (arbitrary !== undefined && name !== 'parallelTools') model[name] = arbitrary;
  }
  if (tools.length > 0) {
    const names = tools.map(({ name }) => ({ name }));
    if (settings.includes('toolChoice')) model['toolChoice'] = fc.constantFrom('auto', 'none', 'required', ...names);
    if (settings.includes('parallelTools')) model['parallelTools'] = fc.boolean();
  }
  return fc.record(model, { requiredKeys: [...required] }).map((value) => ({ ...value }) as Settings);
}

/** A whole request. `extra` is empty: it is for the same dialect only, and each dialect's own tests fill it. */
export function call(can: Can): fc.Arbitrary<Call> {
  const tools = can.noTools
    ? fc.constant([])
    : fc.uniqueArray(tool, { minLength: can.alwaysTools ? 1 : 0, maxLength: 3, selector: ({ name }) => name });
  return tools.chain((tools) =>
    fc
      .record({
        instruction: fc.option(saidText, { nil: undefined }),
        messages: conversation(can),
        settings: settings(can, tools),
        stream: fc.boolean(),
      })
      .map(({ instruction, messages, settings, stream }): Call => {
        const system: readonly Part[] = instruction === undefined ? [] : [{ type: 'text', content: instruction }];
        const first: readonly Message[] = system.length === 0 ? [] : [{ role: 'system', parts: system }];
        return {
          model: 'model-1',
          stream,
          streamUsage: stream,
          system: can.systemApart ? system : [],
          messages: can.systemApart ? messages : [...first, ...messages],
          tools,
          settings,
          extra: {},
          paths: new WeakMap(),
        };
      }),
  );
}

/** Counts that a provider could have sent: parts never above their whole. */
export function usage(can: Can): fc.Arbitrary<Usage> {
  const share = (whole: number, none: boolean | undefined) =>
    none ? fc.constant(0) : fc.integer({ min: 0, max: whole });
  return fc.tuple(fc.integer({ min: 1, max: 1e5 }), fc.integer({ min: 0, max: 1e5 })).chain(([input, output]) =>
    share(input, can.noCacheCounts).chain((cacheRead) =>
      fc
        .record({
          input: fc.constant(input),
          cacheRead: fc.constant(cacheRead),
          cacheWrite: share(input - cacheRead, can.noCacheCounts || can.noCacheWrites),
          output: fc.constant(output),
          reasoning: share(output, can.noReasoningCounts),
        })
        .map((usage) => ({ ...usage })),
    ),
  );
}

function outputMessage(can: Can): fc.Arbitrary<OutputMessage> {
  const reasons = can.finishReasons ?? ['stop', 'length', 'content_filter'];
  return fc.tuple(assistantParts(can), fc.constantFrom(...reasons)).map(([parts, reason]) => ({
    role: 'assistant',
    parts,
    finish_reason: parts.some((part) => part.type === 'tool_call') ? 'tool_call' : reason,
  }));
}

/** A whole answer, complete and without error. */
export function output(can: Can): fc.Arbitrary<CallOutput> {
  return fc
    .record({
      messages: fc.array(outputMessage(can), { minLength: 1, maxLength: can.choices ?? 1 }),
      usage: usage(can),
    })
    .map(({ messages, usage }) => ({
      id: can.noAnswerId ? '' : 'answer-1',
      model: can.noAnswerModel ? '' : 'model-1',
      messages: numbered(messages, can).map((message, at) => ({
        ...message,
        finish_reason: messages[at]?.finish_reason ?? 'stop',
      })),
      usage,
      complete: true,
      error: undefined,
    }));
}

/** An output and a sequence of events that adds up to it, its deltas cut anywhere between characters. */
export interface Streamed {
  readonly output: CallOutput;
  readonly events: readonly CallEvent[];
}

export function streamed(can: Can): fc.Arbitrary<Streamed> {
  return fc.tuple(output(can), fc.array(fc.nat(6), { minLength: 1, maxLength: 20 })).map(([output, sizes]) => {
    let next = 0;
    const size = () => 1 + (sizes[next++ % sizes.length] ?? 0);
    const events = [...unfold(output)].flatMap((event) => (event.type === 'delta' ? cutDelta(event, size) : [event]));
    return { output, events };
  });
}

function cutDelta(event: Extract<CallEvent, { type: 'delta' }>, size: () => number): CallEvent[] {
  const characters = [...event.text];
  const pieces: CallEvent[] = [];
  while (characters.length > 0) pieces.push({ ...event, text: characters.splice(0, size()).join('') });
  return pieces;
}

/** Tool calls of one choice that grow beside each other, as some servers send them: the same output, another order. */
export function interleaved(events: readonly CallEvent[]): readonly CallEvent[] {
  const queues = new Map<string, CallEvent[]>();
  const tools = new Set<string>();
  const key = (event: CallEvent): string => ('index' in event ? `${event.choice}.${event.index}` : '');
  for (const event of events) if (event.type === 'open' && event.part.type === 'tool_call') tools.add(key(event));
  const out: CallEvent[] = [];
  const flush = () => {
    while (queues.size > 0) {
      for (const [id, queue] of queues) {
        const event = queue.shift();
        if (event === undefined) queues.delete(id);
        else out.push(event);
      }
    }
  };
  for (const event of events) {
    if (tools.has(key(event))) queues.set(key(event), [...(queues.get(key(event)) ?? []), event]);
    else {
      flush();
      out.push(event);
    }
  }
  flush();
  return out;
}

/** A call without its places, which are no part of what was said. */
export function said(call: Call): unknown {
  return { ...call, paths: undefined };
}

/** What an encoder is told of the caller. */
export function asked(call: Call): { model: string; created: number; id: string; streamUsage: boolean; call: Call } {
  return { model: 'asked-model', created: 1_760_000_000, id: 'given-id', streamUsage: true, call };
}

/** The smallest call: for encoders and writers that look at little of it. */
export const SMALL_CALL: Call = {
  model: 'model-1',
  stream: false,
  streamUsage: false,
  system: [],
  messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }],
  tools: [],
  settings: {},
  extra: {},
  paths: new WeakMap(),
};

export const embeddingsCall: fc.Arbitrary<EmbeddingsCall> = fc
  .record({ dimensions: fc.integer({ min: 1, max: 4096 }), user: name }, { requiredKeys: [] })
  .chain((optional) =>
    fc
      .record({
        inputs: fc.oneof(
          fc.array(saidText, { minLength: 1, maxLength: 4 }),
          fc.array(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        ),
        base64: fc.boolean(),
        single: fc.boolean(),
      })
      .map(({ inputs, base64, single }) => ({
        model: 'model-1',
        inputs: single ? inputs.slice(0, 1) : inputs,
        base64,
        single,
        ...optional,
        extra: {},
      })),
  );

/** Vectors of numbers that a float32 holds exactly. */
export const embeddingsOutput: fc.Arbitrary<EmbeddingsOutput> = fc
  .record({
    vectors: fc.array(
      fc.array(
        fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        { minLength: 1, maxLength: 4 },
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    input: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ vectors, input }) => ({
    vectors,
    usage: { input, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
    model: 'model-1',
    id: '',
  }));
