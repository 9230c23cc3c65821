// Cohere's chat stream: events for each block, the plan and each call, citations in between, and one last event.

import type { CallEvent, Citation, Part } from '../../call.ts';
import { fields, isFields, parsed, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { Sequential } from '../sequential.ts';
import type { Asked, EventDecoder, EventEncoder, Frame } from '../types.ts';
import { present } from '../write.ts';
import { readCitations, readFinish, readUsage, writeCitation, writeFinish, writeUsage } from './answer.ts';

/** Blocks and calls are numbered apart; a plan has no number. */
type Kind = 'block' | 'call' | 'plan';

export class CohereDecoder implements EventDecoder {
  readonly #parts = new Map<string, number>();
  readonly #open = new Set<number>();
  #next = 0;
  #text: number | undefined;

  push(event: string, data: string): readonly CallEvent[] {
    const body = fields(parsed(data));
    const { index } = body;
    const delta = fields(body['delta']);
    const message = fields(delta['message']);
    switch (text(body['type']) || event) {
      case 'message-start':
        return [{ type: 'start', id: text(body['id']), model: '' }];
      case 'content-start':
      case 'content-delta':
        return this.#content(index, fields(message['content']));
      case 'content-end':
        return this.#close(this.#parts.get(`block ${String(index)}`));
      case 'tool-plan-delta':
        return this.#grow('plan', 0, { part: { type: 'reasoning', content: '' }, said: text(message['tool_plan']) });
      case 'tool-call-start':
      case 'tool-call-delta':
        return this.#call(index, message['tool_calls']);
      case 'tool-call-end':
        return this.#close(this.#parts.get(`call ${String(index)}`));
      case 'citation-start':
        return this.#cite(fields(message['citations']));
      case 'message-end':
        return this.#end(delta);
      default:
        return strange(body);
    }
  }

  /** Beginnings may bring words, and a block may begin with its first words. */
  #content(index: unknown, { type, text: said, thinking }: Fields): readonly CallEvent[] {
    const thought = type === 'thinking' || typeof thinking === 'string';
    const part: Part = thought ? { type: 'reasoning', content: '' } : { type: 'text', content: '' };
    return this.#grow('block', index, { part, said: text(thought ? thinking : said) });
  }

  #call(index: unknown, calls: unknown): readonly CallEvent[] {
    const { id, function: of } = fields(Array.isArray(calls) ? calls[0] : calls);
    const { name, arguments: said } = fields(of);
    const part: Part = { type: 'tool_call', id: text(id), name: text(name), arguments: undefined };
    return this.#grow('call', index, { part, said: text(said) });
  }

  #grow(kind: Kind, number: unknown, { part, said }: { part: Part; said: string }): readonly CallEvent[] {
    const key = `${kind} ${String(number)}`;
    const known = this.#parts.get(key);
    const index = known ?? this.#next++;
    const events: CallEvent[] = [];
    if (known === undefined) {
      events.push(...this.#close(kind === 'plan' ? undefined : this.#parts.get('plan 0')));
      events.push({ type: 'open', choice: 0, index, part });
      this.#parts.set(key, index);
      this.#open.add(index);
      if (part.type === 'text') this.#text = index;
    }
    if (said !== '') events.push({ type: 'delta', choice: 0, index, text: said });
    return events;
  }

  #cite(citation: Fields): readonly CallEvent[] {
    const index = this.#parts.get(`block ${String(citation['content_index'] ?? 0)}`) ?? this.#text;
    if (index === undefined || (citation['type'] ?? 'TEXT_CONTENT') !== 'TEXT_CONTENT') return [];
    return readCitations(citation).map((each) => ({ type: 'mark', choice: 0, index, citation: each }));
  }

  #close(index: number | undefined): readonly CallEvent[] {
    if (index === undefined || !this.#open.delete(index)) return [];
    return [{ type: 'close', choice: 0, index }];
  }

  #end({ finish_reason, usage, error }: Fields): readonly CallEvent[] {
    const closed = [...this.#open].flatMap((index) => this.#close(index));
    const read = isFields(usage) ? readUsage(usage) : undefined;
    return [
      ...closed,
      { type: 'finish', choice: 0, reason: readFinish(finish_reason) },
      ...(read === undefined ? [] : [{ type: 'usage', usage: read } as const]),
      typeof error === 'string' && error !== '' ? failed(error) : { type: 'end' },
    ];
  }
}

/** Errors outside of the stream's own events are `{message}`. */
function strange({ message }: Fields): readonly CallEvent[] {
  return typeof message === 'string' ? [failed(message)] : [];
}

function failed(message: string): CallEvent {
  return { type: 'error', error: { type: 'error', message } };
}

interface Written {
  readonly kind: 'content' | 'tool-call';
  readonly field: 'text' | 'thinking' | 'tool';
  readonly index: number;
  /** Known from the beginning, told when the text is. */
  readonly citations: readonly Citation[];
  text: string;
}

export class CohereEncoder implements EventEncoder {
  readonly #asked: Asked;
  readonly #sequential = new Sequential();
  readonly #parts = new Map<number, Written>();
  #counts = { content: 0, 'tool-call': 0 };
  #citations = 0;
  #started = false;
  #end: Fields = { finish_reason: 'ERROR' };

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  push(event: CallEvent): readonly Frame[] {
    return this.#sequential.push(event).flatMap((each) => this.#write(each));
  }

  #write(event: CallEvent): readonly Frame[] {
    switch (event.type) {
      case 'start':
        return this.#start(event.id);
      case 'open':
        return [...this.#start(''), ...this.#open(event.index, event.part)];
      case 'delta':
        return this.#delta(this.#parts.get(event.index), event.text);
      case 'mark':
        return this.#mark(event);
      case 'close':
        return this.#close(this.#parts.get(event.index));
      case 'finish':
        this.#end = { ...this.#end, finish_reason: writeFinish(event.reason, event.stopSequence) };
        return [];
      case 'usage':
        this.#end = { ...this.#end, usage: writeUsage(event.usage) };
        return [];
      case 'error':
        return [frame('message-end', { delta: { finish_reason: 'ERROR', error: event.error.message } })];
      case 'end':
        return [...this.#start(''), frame('message-end', { delta: this.#end }), { event: '', data: '[DONE]' }];
    }
  }

  #start(id: string): readonly Frame[] {
    if (this.#started) return [];
    this.#started = true;
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
    return [frame('message-start', { id: id || this.#asked.id, delta: { message } })];
  }

  #open(index: number, part: Part): readonly Frame[] {
    const field = FIELD[part.type];
    if (field === undefined) return [];
    const kind = field === 'tool' ? 'tool-call' : 'content';
    const citations = part.type === 'text' ? (part.citations ?? []) : [];
    const written: Written = { kind, field, index: this.#counts[kind]++, citations, text: '' };
    this.#parts.set(index, written);
    const of =
      part.type === 'tool_call'
        ? { id: part.id, type: 'function', function: { name: part.name, arguments: '' } }
        : undefined;
    const message = of === undefined ? { content: { type: field, [field]: '' } } : { tool_calls: of };
    return [frame(`${kind}-start`, { index: written.index, delta: { message } })];
  }

  #delta(part: Written | undefined, said: string): readonly Frame[] {
    if (part === undefined) return [];
    part.text += part.field === 'text' ? said : '';
    const { kind, field, index } = part;
    const message =
      field === 'tool' ? { tool_calls: { function: { arguments: said } } } : { content: { [field]: said } };
    return [frame(`${kind}-delta`, { index, delta: { message } })];
  }

  /** Seals are their makers' own; citations are Cohere's, too. */
  #mark({ index, citation }: Extract<CallEvent, { type: 'mark' }>): readonly Frame[] {
    const part = this.#parts.get(index);
    return part?.field !== 'text' || citation === undefined ? [] : this.#cite(part, citation);
  }

  #cite(part: Written, citation: Citation): readonly Frame[] {
    const index = this.#citations++;
    const citations = writeCitation(citation, part.text, part.index);
    return [frame('citation-start', { index, delta: { message: { citations } } }), frame('citation-end', { index })];
  }

  #close(part: Written | undefined): readonly Frame[] {
    if (part === undefined) return [];
    const cited = part.citations.flatMap((citation) => this.#cite(part, citation));
    return [...cited, frame(`${part.kind}-end`, { index: part.index })];
  }
}

const FIELD: Readonly<Partial<Record<Part['type'], Written['field']>>> = {
  text: 'text',
  refusal: 'text',
  reasoning: 'thinking',
  tool_call: 'tool',
};

function frame(type: string, of: Fields): Frame {
  return { event: type, data: JSON.stringify(present({ type, ...of })) };
}
