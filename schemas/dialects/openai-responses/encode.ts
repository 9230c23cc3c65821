// Response events from neutral events: every item and every part of it is added, grows and is done, each event with its
// place and a number; the terminal event brings the whole response once more.

import type { Call, CallError, CallEvent, Part, Usage } from '../../call.ts';
import { customNames } from '../openai.ts';
import type { Fields } from '../read.ts';
import { effortOf } from '../thinking.ts';
import type { Asked, EventEncoder, Frame } from '../types.ts';
import { present } from '../write.ts';
import { CallItem, ImageItem, MessageItem, ThoughtItem } from './growing.ts';
import type { Growing, Place, Said } from './growing.ts';
import { callSeal } from './items.ts';
import { writeChoice, writeFormat, writeTool } from './request.ts';

export class ResponsesEncoder implements EventEncoder {
  readonly #writer: ResponseWriter;

  constructor(asked: Asked) {
    this.#writer = new ResponseWriter(asked);
  }

  push(event: CallEvent): readonly Frame[] {
    return this.#writer.push(event).map((said) => ({ event: said.type, data: JSON.stringify(said) }));
  }
}

interface Numbered extends Said {
  readonly sequence_number: number;
}

/** One response as it grows. The API has one answer: other choices are left out. */
export class ResponseWriter {
  readonly #asked: Asked;
  readonly #custom: ReadonlySet<string>;
  #head: { readonly id: string; readonly model: string };
  #sequence = 0;
  #started = false;
  #over = false;
  /** Items as far as they are; each in its place. */
  readonly #items: { value(): Fields }[] = [];
  readonly #open = new Map<number, Growing>();
  /** The message that the next text goes into. */
  #message: MessageItem | undefined;
  #reason = 'error';
  #usage: Usage | undefined;
  #serviceTier: string | undefined;
  #error: CallError | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#custom = customNames(asked.call);
    this.#head = { id: `resp_${asked.id}`, model: asked.model };
  }

  push(event: CallEvent): readonly Numbered[] {
    if (this.#over || ('choice' in event && event.choice !== 0)) return [];
    if (event.type === 'start') this.#head = { id: event.id || this.#head.id, model: event.model || this.#head.model };
    return [...this.#start(event), ...this.#take(event)].map((said) => ({
      ...said,
      sequence_number: this.#sequence++,
    }));
  }

  /** The response so far, whole once its stream has ended. */
  response(): Fields {
    const status = this.#error === undefined ? statusOf(this.#reason) : { status: 'failed' };
    const { type: code = '', message = '' } = this.#error ?? {};
    return {
      ...this.#skeleton(),
      ...status,
      ...(this.#error === undefined ? {} : { error: { code, message } }),
      output: this.#items.map((item) => item.value()),
      usage: this.#usage === undefined ? null : writeUsage(this.#usage),
    };
  }

  #start(event: CallEvent): readonly Said[] {
    if (this.#started || event.type === 'error') return [];
    this.#started = true;
    const response = { ...this.#skeleton(), status: 'in_progress', output: [], usage: null };
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ];
  }

  #take(event: CallEvent): readonly Said[] {
    switch (event.type) {
      case 'start':
        return [];
      case 'usage':
        this.#usage = event.usage;
        this.#serviceTier = event.serviceTier;
        return [];
      case 'error':
        this.#over = true;
        this.#error = event.error;
        return [{ type: 'error', code: event.error.type, message: event.error.message, param: null }];
      case 'finish':
        this.#reason = event.reason;
        return [];
      case 'end':
        return this.#end();
      default:
        return this.#part(event);
    }
  }

  #part(event: Extract<CallEvent, { readonly index: number }>): readonly Said[] {
    if (event.type === 'open') return this.#begin(event.index, event.part);
    const part = this.#open.get(event.index);
    if (part === undefined) return [];
    if (event.type === 'delta') return event.text === '' ? [] : part.grow(event.text);
    if (event.type === 'mark') return part.mark(event);
    this.#open.delete(event.index);
    return part.close();
  }

  #begin(index: number, part: Part): readonly Said[] {
    if (part.type === 'text' || part.type === 'refusal') {
      const added = this.#message === undefined ? this.#beginMessage() : [];
      const [content, began] = this.#message?.open(part) ?? [undefined, []];
      if (content !== undefined) this.#open.set(index, content);
      return [...added, ...began];
    }
    const left = this.#leaveMessage();
    const sealed = part.type === 'tool_call' && part.seal !== undefined ? this.#sealItem(part.seal) : [];
    const item = this.#item(part);
    if (item === undefined) return [...left, ...sealed];
    this.#items.push(item);
    this.#open.set(index, item);
    return [...left, ...sealed, ...item.begin()];
  }

  #item(part: Part): (Growing & { begin(): readonly Said[]; value(): Fields }) | undefined {
    switch (part.type) {
      case 'reasoning':
        return new ThoughtItem(this.#place(part.seal?.family === 'openai' ? part.seal.id : undefined, 'rs'), part);
      case 'tool_call': {
        const custom = this.#custom.has(part.name);
        return new CallItem(this.#place(undefined, custom ? 'ctc' : 'fc'), part, custom);
      }
      case 'blob':
        return part.modality === 'image' ? new ImageItem(this.#place(undefined, 'ig'), part) : undefined;
      default:
        // What another provider ran by itself has no item here.
        return undefined;
    }
  }

  #sealItem(seal: Parameters<typeof callSeal>[0]): readonly Said[] {
    const part = { type: 'reasoning', content: '', redacted: true, seal: callSeal(seal) } as const;
    const item = new ThoughtItem(this.#place(undefined, 'rs'), part);
    this.#items.push(item);
    return [...item.begin(), ...item.close()];
  }

  #beginMessage(): readonly Said[] {
    this.#message = new MessageItem(this.#place(undefined, 'msg'));
    this.#items.push(this.#message);
    return this.#message.begin();
  }

  #leaveMessage(): readonly Said[] {
    const message = this.#message;
    this.#message = undefined;
    return message?.leave() ?? [];
  }

  #place(id: string | undefined, prefix: string): Place {
    const index = this.#items.length;
    return { item_id: id ?? `${prefix}_${this.#asked.id}_${index}`, output_index: index };
  }

  #end(): readonly Said[] {
    const closed = [...this.#open.values()].flatMap((part) => part.close());
    this.#open.clear();
    const left = this.#leaveMessage();
    this.#over = true;
    const response = this.response();
    return [...closed, ...left, { type: `response.${String(response['status'])}`, response }];
  }

  #skeleton(): Fields {
    const { id, model } = this.#head;
    const tier = this.#serviceTier === undefined ? {} : { service_tier: this.#serviceTier };
    const head = { id, object: 'response', created_at: this.#asked.created, status: 'in_progress', model };
    return { ...head, ...UNSAID, ...echo(this.#asked.call), ...tier };
  }
}

/** What a response says about a request that said nothing. */
const UNSAID: Fields = {
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: false,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  top_p: null,
  truncation: 'disabled',
  user: null,
};

/** The request's own words, which every response repeats. */
function echo(call: Call): Fields {
  const { settings, system, tools } = call;
  const instructions = system.flatMap((part) => (part.type === 'text' ? [part.content] : []));
  const { format, thinking } = settings;
  return present({
    instructions: instructions.length === 0 ? undefined : instructions.join('\n\n'),
    max_output_tokens: settings.maxTokens,
    metadata: settings.metadata,
    parallel_tool_calls: settings.parallelTools,
    reasoning: thinking && { effort: effortOf(thinking) ?? null, summary: thinking.show === true ? 'auto' : null },
    store: settings.store,
    temperature: settings.temperature,
    text: format && { format: writeFormat(format) },
    tool_choice: writeChoice(settings.toolChoice, call),
    tools: tools.map(writeTool),
    top_p: settings.topP,
    user: settings.user,
  });
}

function statusOf(reason: string): Fields {
  if (reason === 'stop' || reason === 'tool_call') return { status: 'completed' };
  if (reason !== 'error')
    return { status: 'incomplete', incomplete_details: { reason: reason === 'length' ? 'max_output_tokens' : reason } };
  return {
    status: 'failed',
    error: { code: 'server_error', message: 'The provider did not say how its answer ended.' },
  };
}

function writeUsage({ input, output, cacheRead, cacheWrite, reasoning }: Usage): Fields {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
