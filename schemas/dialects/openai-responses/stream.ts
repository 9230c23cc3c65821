// Response events, read. Items grow by deltas, `output_item.done` brings each whole, and the terminal event brings
// everything: whatever was not said before is said then.

import type { CallEvent, Part, Seal } from '../../call.ts';
import { readCitation } from '../openai.ts';
import { fields, isFields, list, parsed, readError, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { EventDecoder } from '../types.ts';
import { billedUsage, finishReason, readResponsesUsage } from './answer.ts';
import { isOurs, itemParts } from './items.ts';

type Out = CallEvent[];

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** Events that bring more of a part: its type, and the field that numbers it in its item. */
const PIECES: ReadonlyMap<string, readonly [type: PieceType, number: string]> = new Map([
  ['response.output_text.delta', ['text', 'content_index']],
  ['response.refusal.delta', ['refusal', 'content_index']],
  ['response.reasoning_text.delta', ['reasoning', 'content_index']],
  ['response.reasoning_summary_text.delta', ['reasoning', 'summary_index']],
  ['response.function_call_arguments.delta', ['tool_call', '']],
  ['response.custom_tool_call_input.delta', ['tool_call', '']],
]);
type PieceType = 'text' | 'refusal' | 'reasoning' | 'tool_call';

interface PartSoFar {
  readonly index: number;
  text: string;
  citations: number;
  sealed: boolean;
  closed: boolean;
}

/** An item is a list of parts; a thought and a call are one part each, numbered 0. */
class ItemSoFar {
  readonly #next: () => number;
  readonly #out: (event: CallEvent) => void;
  readonly #parts = new Map<number, PartSoFar>();
  #piece = '';
  done = false;

  constructor(next: () => number, out: (event: CallEvent) => void) {
    this.#next = next;
    this.#out = out;
  }

  open(at: number, part: Part): PartSoFar {
    const known = this.#parts.get(at);
    if (known !== undefined) return known;
    const opened = { index: this.#next(), text: '', citations: 0, sealed: false, closed: false };
    this.#parts.set(at, opened);
    this.#out({ type: 'open', choice: 0, index: opened.index, part });
    return opened;
  }

  /** @param piece which summary or which content of a thought: they are one text, a line each */
  grow(part: PartSoFar, delta: string, piece: string): void {
    if (delta === '' || part.closed) return;
    const line = part.text !== '' && piece !== this.#piece ? '\n' : '';
    this.#piece = piece;
    part.text += line + delta;
    this.#out({ type: 'delta', choice: 0, index: part.index, text: line + delta });
  }

  /** What of a whole part was not said yet. */
  complete(at: number, ...[part, whole]: [Part, string]): void {
    const so = this.open(at, opening(part));
    if (whole.startsWith(so.text)) this.grow(so, whole.slice(so.text.length), this.#piece);
    if (part.type === 'reasoning' && part.seal !== undefined) this.seal(so, part.seal);
    if (part.type !== 'text') return;
    for (const citation of (part.citations ?? []).slice(so.citations)) this.mark(so, citation);
  }

  mark(part: PartSoFar, citation: Extract<CallEvent, { type: 'mark' }>['citation'] & {}): void {
    part.citations++;
    this.#out({ type: 'mark', choice: 0, index: part.index, citation });
  }

  seal(part: PartSoFar, seal: Seal): void {
    if (part.sealed) return;
    part.sealed = true;
    this.#out({ type: 'mark', choice: 0, index: part.index, seal });
  }

  close(): void {
    this.done = true;
    for (const part of this.#parts.values()) {
      if (!part.closed) this.#out({ type: 'close', choice: 0, index: part.index });
      part.closed = true;
    }
  }
}

/** The part as far as it is known when it opens. */
function opening(part: Part): Part {
  switch (part.type) {
    case 'text':
      return { type: 'text', content: '' };
    case 'refusal':
      return { ...part, content: '' };
    case 'reasoning':
      return { type: 'reasoning', content: '', ...(part.redacted === true ? { redacted: true } : {}) };
    case 'tool_call':
      return { ...part, arguments: undefined };
    default:
      return part;
  }
}

function contentOf(part: Part): string | undefined {
  return part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning' ? part.content : undefined;
}

export class ResponsesDecoder implements EventDecoder {
  readonly #items = new Map<unknown, ItemSoFar>();
  #out: Out = [];
  #parts = 0;
  #calls = false;
  #head = '';
  #ended = false;

  push(event: string, data: string): readonly CallEvent[] {
    const value = parsed(data);
    if (this.#ended || !isFields(value)) return [];
    this.#out = [];
    this.#take(text(value['type']) || event, value);
    return this.#out;
  }

  #take(type: string, data: Fields): void {
    const error = type === 'error' ? errorOf(data) : readError(data);
    if (error !== undefined) this.#out.push({ type: 'error', error });
    if (isFields(data['response'])) this.#start(data['response']);
    const [piece, number = ''] = PIECES.get(type) ?? [];
    if (piece !== undefined) this.#piece(piece, number, data);
    else if (type === 'response.output_item.added') this.#added(data);
    else if (type === 'response.output_item.done') this.#whole(data['output_index'], data['item']);
    else if (type === 'response.output_text.annotation.added') this.#cited(data);
    else if (TERMINAL.has(type)) this.#end(fields(data['response']));
  }

  #start(response: Fields): void {
    const [id, model] = [text(response['id']), text(response['model'])];
    const head = `${id} ${model}`;
    if (head === this.#head || head === ' ') return;
    this.#head = head;
    this.#out.push({ type: 'start', id, model });
  }

  #added({ output_index: index, item }: Fields): void {
    this.#calls ||= isOurs(item);
    const [part] = fields(item)['type'] === 'message' ? [] : itemParts(item, '', new WeakMap());
    if (part?.type !== 'tool_call') return;
    this.#item(index).open(0, opening(part));
  }

  #piece(type: PieceType, ...[number, data]: [string, Fields]): void {
    const item = this.#item(data['output_index']);
    const at = data[number];
    const place = typeof at === 'number' && (type === 'text' || type === 'refusal') ? at : 0;
    if (type === 'tool_call') this.#calls = true;
    const part = item.open(place, type === 'tool_call' ? EMPTY_CALL : { type, content: '' });
    item.grow(part, text(data['delta']), `${number}:${String(at)}`);
  }

  #cited(data: Fields): void {
    const item = this.#item(data['output_index']);
    const at = data['content_index'];
    const citation = readCitation(data['annotation']);
    if (citation === undefined) return;
    item.mark(item.open(typeof at === 'number' ? at : 0, { type: 'text', content: '' }), citation);
  }

  #whole(index: unknown, value: unknown): void {
    const item = this.#item(index);
    if (item.done) return;
    this.#calls ||= isOurs(value);
    const { arguments: json, input } = fields(value);
    for (const [at, part] of itemParts(value, '', new WeakMap()).entries())
      item.complete(at, part, contentOf(part) ?? (text(json) || text(input)));
    item.close();
  }

  #end(response: Fields): void {
    for (const [index, item] of list(response['output']).entries()) this.#whole(index, item);
    for (const item of this.#items.values()) item.close();
    this.#out.push({ type: 'finish', choice: 0, reason: finishReason(response, this.#calls) });
    const usage = readResponsesUsage(billedUsage(response));
    const tier = text(response['service_tier']);
    if (usage !== undefined) this.#out.push({ type: 'usage', usage, ...(tier === '' ? {} : { serviceTier: tier }) });
    const error = readError(response);
    if (error !== undefined) this.#out.push({ type: 'error', error });
    this.#out.push({ type: 'end' });
    this.#ended = true;
  }

  #item(index: unknown): ItemSoFar {
    const known = this.#items.get(index);
    if (known !== undefined) return known;
    const item = new ItemSoFar(
      () => this.#parts++,
      (event) => this.#out.push(event),
    );
    this.#items.set(index, item);
    return item;
  }
}

const EMPTY_CALL: Part = { type: 'tool_call', id: '', name: '', arguments: undefined };

/** Its fields stand in the event itself, or inside `error`. */
function errorOf(data: Fields): { readonly type: string; readonly message: string } {
  return readError(data) ?? { type: text(data['code']) || 'error', message: text(data['message']) };
}
