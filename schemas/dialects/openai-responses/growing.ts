// The items of a response as they grow, each with the events that say so.

import type { BlobPart, CallEvent, Citation, ReasoningPart, RefusalPart, TextPart, ToolCallPart } from '../../call.ts';
import { argumentsText, writeCitation } from '../openai.ts';
import type { Fields } from '../read.ts';
import { writeSeal } from './items.ts';

/** An event of the stream, before it has its number. */
export type Said = Fields & { readonly type: string };

export interface Place {
  readonly item_id: string;
  readonly output_index: number;
}

type Mark = Extract<CallEvent, { type: 'mark' }>;

/** A part that is not over yet. */
export interface Growing {
  grow(text: string): readonly Said[];
  mark(mark: Mark): readonly Said[];
  close(): readonly Said[];
}

function added({ output_index }: Place, item: Fields): Said {
  return { type: 'response.output_item.added', output_index, item };
}

function done({ output_index }: Place, item: Fields): Said {
  return { type: 'response.output_item.done', output_index, item };
}

/** A message: its parts are opened one after the other and it is over once it was left and none of them is open. */
export class MessageItem {
  readonly #place: Place;
  readonly #contents: Content[] = [];
  #open = 0;
  #left = false;

  constructor(place: Place) {
    this.#place = place;
  }

  value(status = 'completed'): Fields {
    const content = this.#contents.map((each) => each.value());
    return { id: this.#place.item_id, type: 'message', status, role: 'assistant', content };
  }

  begin(): readonly Said[] {
    return [added(this.#place, this.value('in_progress'))];
  }

  open(part: TextPart | RefusalPart): readonly [Growing, readonly Said[]] {
    const place = { ...this.#place, content_index: this.#contents.length };
    const content = new Content(place, part.type, () => this.#closed());
    this.#contents.push(content);
    this.#open++;
    const began = [{ type: 'response.content_part.added', ...place, part: content.value() }];
    const grown = part.content === '' ? [] : content.grow(part.content);
    const cited = part.type === 'text' ? (part.citations ?? []).flatMap((citation) => content.cite(citation)) : [];
    return [content, [...began, ...grown, ...cited]];
  }

  leave(): readonly Said[] {
    this.#left = true;
    return this.#open === 0 ? [done(this.#place, this.value())] : [];
  }

  #closed(): readonly Said[] {
    this.#open--;
    return this.#left && this.#open === 0 ? [done(this.#place, this.value())] : [];
  }
}

class Content implements Growing {
  readonly #place: Place & { readonly content_index: number };
  readonly #type: 'text' | 'refusal';
  readonly #closed: () => readonly Said[];
  readonly #annotations: Fields[] = [];
  #text = '';

  constructor(place: Place & { readonly content_index: number }, ...rest: ['text' | 'refusal', () => readonly Said[]]) {
    this.#place = place;
    [this.#type, this.#closed] = rest;
  }

  value(): Fields {
    if (this.#type === 'refusal') return { type: 'refusal', refusal: this.#text };
    return { type: 'output_text', text: this.#text, annotations: [...this.#annotations], logprobs: [] };
  }

  grow(text: string): readonly Said[] {
    this.#text += text;
    if (this.#type === 'refusal') return [{ type: 'response.refusal.delta', ...this.#place, delta: text }];
    return [{ type: 'response.output_text.delta', ...this.#place, delta: text, logprobs: [] }];
  }

  mark({ citation }: Mark): readonly Said[] {
    return citation === undefined || this.#type === 'refusal' ? [] : this.cite(citation);
  }

  cite(citation: Citation): readonly Said[] {
    const written = writeCitation(citation, 0, this.#text.length);
    if (written === undefined) return [];
    const annotation = { type: 'url_citation', ...written };
    const index = this.#annotations.push(annotation) - 1;
    const type = 'response.output_text.annotation.added';
    return [{ type, ...this.#place, annotation_index: index, annotation }];
  }

  close(): readonly Said[] {
    const said =
      this.#type === 'refusal'
        ? { type: 'response.refusal.done', ...this.#place, refusal: this.#text }
        : { type: 'response.output_text.done', ...this.#place, text: this.#text, logprobs: [] };
    return [said, { type: 'response.content_part.done', ...this.#place, part: this.value() }, ...this.#closed()];
  }
}

/** Thoughts are shown as a summary: what they were may be known to their provider alone. */
export class ThoughtItem implements Growing {
  readonly #place: Place;
  readonly #first: string;
  #seal: ReasoningPart['seal'];
  #text = '';
  #begun = false;

  constructor(place: Place, { content, seal }: ReasoningPart) {
    this.#place = place;
    this.#first = content;
    this.#seal = seal;
  }

  value(): Fields {
    return {
      id: this.#place.item_id,
      type: 'reasoning',
      summary: this.#begun ? [this.#summary(this.#text)] : [],
      ...(this.#seal === undefined ? {} : { encrypted_content: writeSeal(this.#seal) }),
    };
  }

  begin(): readonly Said[] {
    return [added(this.#place, this.value()), ...(this.#first === '' ? [] : this.grow(this.#first))];
  }

  grow(text: string): readonly Said[] {
    const place = { ...this.#place, summary_index: 0 };
    const part = this.#summary('');
    const began = this.#begun ? [] : [{ type: 'response.reasoning_summary_part.added', ...place, part }];
    this.#begun = true;
    this.#text += text;
    return [...began, { type: 'response.reasoning_summary_text.delta', ...place, delta: text }];
  }

  mark({ seal }: Mark): readonly Said[] {
    this.#seal = seal ?? this.#seal;
    return [];
  }

  close(): readonly Said[] {
    const place = { ...this.#place, summary_index: 0 };
    const text = this.#text;
    const over = [
      { type: 'response.reasoning_summary_text.done', ...place, text },
      { type: 'response.reasoning_summary_part.done', ...place, part: this.#summary(text) },
    ];
    return [...(this.#begun ? over : []), done(this.#place, this.value())];
  }

  #summary(text: string): Fields {
    return { type: 'summary_text', text };
  }
}

export class CallItem implements Growing {
  readonly #place: Place;
  readonly #part: ToolCallPart;
  readonly #custom: boolean;
  #text = '';

  constructor(place: Place, ...[part, custom]: [ToolCallPart, boolean]) {
    this.#place = place;
    this.#part = part;
    this.#custom = custom;
  }

  value(status = 'completed'): Fields {
    const about = { id: this.#place.item_id, status, call_id: this.#part.id, name: this.#part.name };
    if (this.#custom) return { type: 'custom_tool_call', ...about, input: this.#text };
    return { type: 'function_call', ...about, arguments: this.#text };
  }

  begin(): readonly Said[] {
    const known = this.#part.arguments === undefined ? '' : argumentsText(this.#part.arguments);
    return [added(this.#place, this.value('in_progress')), ...(known === '' ? [] : this.grow(known))];
  }

  grow(text: string): readonly Said[] {
    this.#text += text;
    return [{ type: `${this.#event()}.delta`, ...this.#place, delta: text }];
  }

  mark(): readonly Said[] {
    return [];
  }

  close(): readonly Said[] {
    // No arguments at all are an empty object, which clients parse.
    const rest = this.#text === '' && !this.#custom ? this.grow('{}') : [];
    const whole = this.#custom ? { input: this.#text } : { arguments: this.#text };
    return [...rest, { type: `${this.#event()}.done`, ...this.#place, ...whole }, done(this.#place, this.value())];
  }

  #event(): string {
    return this.#custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
  }
}

/** An image that the model made, as the tool which makes them here would show it. */
export class ImageItem implements Growing {
  readonly #place: Place;
  readonly #result: string;

  constructor(place: Place, { content }: BlobPart) {
    this.#place = place;
    this.#result = content;
  }

  value(status = 'completed'): Fields {
    return { id: this.#place.item_id, type: 'image_generation_call', status, result: this.#result };
  }

  begin(): readonly Said[] {
    return [added(this.#place, { ...this.value('in_progress'), result: null })];
  }

  grow(): readonly Said[] {
    return [];
  }

  mark(): readonly Said[] {
    return [];
  }

  close(): readonly Said[] {
    return [done(this.#place, this.value())];
  }
}
