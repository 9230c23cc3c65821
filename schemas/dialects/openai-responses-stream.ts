// Response events put together. Items grow by deltas, `output_item.done` brings each whole, and the terminal event
// brings everything; whatever came last is the most that is known.

import { Pieces } from './assemble.ts';
import type { Assembler } from './assemble.ts';
import { fields, isFields, list, text } from './read.ts';
import type { Fields } from './read.ts';

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

class ItemSoFar {
  item: Fields;
  done = false;
  readonly content = new Pieces();
  readonly refusal = new Pieces();
  readonly summary = new Pieces();
  arguments = '';

  constructor(item: Fields) {
    this.item = item;
  }

  body(): Fields {
    if (this.done) return this.item;
    switch (this.item['type']) {
      case 'function_call':
      case 'custom_tool_call':
        return { ...this.item, arguments: this.arguments };
      case 'reasoning':
        return { ...this.item, summary: texts([...this.summary.values, ...this.content.values]), content: [] };
      case 'message':
        return { ...this.item, content: [...texts(this.content.values), ...refusals(this.refusal.values)] };
      default:
        return this.item;
    }
  }
}

export class ResponsesAssembler implements Assembler {
  readonly #items = new Map<unknown, ItemSoFar>();
  #response: Fields = {};
  #whole = false;

  take(type: string, data: Fields): boolean {
    if (isFields(data['response'])) this.#response = { ...this.#response, ...data['response'] };
    if (TERMINAL.has(type)) {
      this.#whole = list(this.#response['output']).length > 0;
      return true;
    }
    this.#grow(type, data);
    return false;
  }

  body(): Fields {
    if (this.#whole) return this.#response;
    return { ...this.#response, output: [...this.#items.values()].map((item) => item.body()) };
  }

  #grow(type: string, data: Fields): void {
    const { delta } = data;
    const index = data['content_index'] ?? 0;
    switch (type) {
      case 'response.output_item.added':
        this.#items.set(data['output_index'], new ItemSoFar(fields(data['item'])));
        break;
      case 'response.output_item.done':
        this.#done(data);
        break;
      case 'response.output_text.delta':
        this.#item(data, 'message').content.add(index, delta);
        break;
      case 'response.refusal.delta':
        this.#item(data, 'message').refusal.add(index, delta);
        break;
      case 'response.reasoning_text.delta':
        this.#item(data, 'reasoning').content.add(index, delta);
        break;
      case 'response.reasoning_summary_text.delta':
        this.#item(data, 'reasoning').summary.add(data['summary_index'] ?? 0, delta);
        break;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#item(data, 'function_call').arguments += text(delta);
        break;
      default:
    }
  }

  #done(data: Fields): void {
    const item = this.#item(data, 'message');
    if (!isFields(data['item'])) return;
    item.item = data['item'];
    item.done = true;
  }

  #item(data: Fields, type: string): ItemSoFar {
    const known = this.#items.get(data['output_index']);
    if (known) return known;
    const item = new ItemSoFar({ type });
    this.#items.set(data['output_index'], item);
    return item;
  }
}

function texts(values: readonly string[]): readonly Fields[] {
  return values.map((content) => ({ type: 'output_text', text: content }));
}

function refusals(values: readonly string[]): readonly Fields[] {
  return values.map((refusal) => ({ type: 'refusal', refusal }));
}
