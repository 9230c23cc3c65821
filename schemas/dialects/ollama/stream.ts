// Ollama's streams: objects a line, each with some more of the answer; the last one, `done`, has the counts. Chat and
// generate differ in where the words stand.

import type { CallEvent, Part } from '../../call.ts';
import { fields, list, parsed, readError, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { Sequential } from '../sequential.ts';
import type { Asked, EventDecoder, EventEncoder, Frame } from '../types.ts';
import { jsonText } from '../write.ts';
import { callIds, writeToolCall } from './chat.ts';
import { readFinish, readImage, readUsage, stamp, writeFinish, writeUsage } from './options.ts';

/** Where a kind of stream has its words. */
export interface Shape {
  readonly read: (body: Fields) => Fields;
  readonly write: (said: Fields) => Fields;
}

export const CHAT_SHAPE: Shape = {
  read: (body) => fields(body['message']),
  write: (said) => ({ message: { role: 'assistant', content: '', ...said } }),
};

export const GENERATE_SHAPE: Shape = {
  read: (body) => ({ content: body['response'], thinking: body['thinking'] }),
  write: ({ content = '', thinking }) => ({ response: content, ...(thinking === undefined ? {} : { thinking }) }),
};

export class OllamaDecoder implements EventDecoder {
  readonly #shape: Shape;
  #started = false;
  #next = 0;
  #called = false;
  #open: { readonly index: number; readonly type: 'text' | 'reasoning' } | undefined;
  #ids: ((id: string) => string) | undefined;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  push(_event: string, data: string): readonly CallEvent[] {
    const body = fields(parsed(data));
    const error = readError(body);
    if (error !== undefined) return [{ type: 'error', error }];
    const said = this.#shape.read(body);
    return [
      ...this.#start(body),
      ...this.#grow('reasoning', text(said['thinking'])),
      ...this.#grow('text', text(said['content'])),
      ...list(said['images']).flatMap((image) => this.#whole(readImage(image))),
      ...list(said['tool_calls']).flatMap((call) => this.#call(call, body)),
      ...(body['done'] === true ? this.#end(body) : []),
    ];
  }

  #start(body: Fields): readonly CallEvent[] {
    if (this.#started || (body['model'] === undefined && body['done'] === undefined)) return [];
    this.#started = true;
    return [{ type: 'start', id: '', model: text(body['model']) }];
  }

  #grow(type: 'text' | 'reasoning', said: string): readonly CallEvent[] {
    if (said === '') return [];
    if (this.#open?.type === type) return [{ type: 'delta', choice: 0, index: this.#open.index, text: said }];
    const closed = this.#close();
    const index = this.#next++;
    this.#open = { index, type };
    return [
      ...closed,
      { type: 'open', choice: 0, index, part: { type, content: '' } },
      { type: 'delta', choice: 0, index, text: said },
    ];
  }

  #call(value: unknown, body: Fields): readonly CallEvent[] {
    const { id, function: of } = fields(value);
    const { name, arguments: given } = fields(of);
    this.#ids ??= callIds(body);
    this.#called = true;
    const part: Part = { type: 'tool_call', id: this.#ids(text(id)), name: text(name), arguments: undefined };
    return this.#whole(part, jsonText(given ?? {}));
  }

  #whole(part: Part, said?: string): readonly CallEvent[] {
    const closed = this.#close();
    const index = this.#next++;
    return [
      ...closed,
      { type: 'open', choice: 0, index, part },
      ...(said === undefined ? [] : [{ type: 'delta', choice: 0, index, text: said } as const]),
      { type: 'close', choice: 0, index },
    ];
  }

  #close(): readonly CallEvent[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : [{ type: 'close', choice: 0, index: open.index }];
  }

  #end(body: Fields): readonly CallEvent[] {
    const usage = readUsage(body);
    return [
      ...this.#close(),
      { type: 'finish', choice: 0, reason: readFinish(body['done_reason'], this.#called) },
      ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
      { type: 'end' },
    ];
  }
}

interface Growing {
  readonly part: Part;
  arguments: string;
}

/** Words go out as they come; a call goes out when its arguments are whole. */
export class OllamaEncoder implements EventEncoder {
  readonly #shape: Shape;
  readonly #asked: Asked;
  readonly #sequential = new Sequential();
  readonly #parts = new Map<number, Growing>();
  #model: string;
  #calls = 0;
  #last: Fields = {};

  constructor(shape: Shape, asked: Asked) {
    this.#shape = shape;
    this.#asked = asked;
    this.#model = asked.model;
  }

  push(event: CallEvent): readonly Frame[] {
    return this.#sequential.push(event).flatMap((each) => this.#write(each));
  }

  #write(event: CallEvent): readonly Frame[] {
    switch (event.type) {
      case 'start':
        this.#model = event.model || this.#model;
        return [];
      case 'open':
        this.#parts.set(event.index, { part: event.part, arguments: '' });
        return [];
      case 'delta':
        return this.#delta(this.#parts.get(event.index), event.text);
      case 'close':
        return this.#close(event.index);
      case 'finish':
        this.#last = { ...this.#last, done_reason: writeFinish(event.reason) };
        return [];
      case 'usage':
        this.#last = { ...this.#last, ...writeUsage(event.usage) };
        return [];
      case 'mark':
        return [];
      case 'error':
        return [{ event: '', data: JSON.stringify({ error: event.error.message || event.error.type }) }];
      case 'end':
        return [this.#frame({}, { done: true, ...this.#last })];
    }
  }

  #delta(growing: Growing | undefined, said: string): readonly Frame[] {
    switch (growing?.part.type) {
      case 'tool_call':
        growing.arguments += said;
        return [];
      case 'reasoning':
        return [this.#frame({ thinking: said })];
      case 'text':
      case 'refusal':
        return [this.#frame({ content: said })];
      default:
        return [];
    }
  }

  #close(index: number): readonly Frame[] {
    const growing = this.#parts.get(index);
    this.#parts.delete(index);
    if (growing?.part.type !== 'tool_call') return [];
    const given = growing.arguments === '' ? (growing.part.arguments ?? {}) : parsed(growing.arguments);
    return [this.#frame({ tool_calls: [writeToolCall({ ...growing.part, arguments: given }, this.#calls++)] })];
  }

  #frame(said: Fields, rest: Fields = { done: false }): Frame {
    const body = {
      model: this.#model,
      created_at: stamp(this.#asked.created),
      ...this.#shape.write(said),
      ...rest,
    };
    return { event: '', data: JSON.stringify(body) };
  }
}
