// Messages events put together: blocks by index, tool input as JSON in pieces, usage in two places.

import { UsageSoFar } from './assemble.ts';
import type { Assembler } from './assemble.ts';
import { fields, text } from './read.ts';
import type { Fields } from './read.ts';

class BlockSoFar {
  readonly #start: Fields;
  #text: string;
  #thinking: string;
  #json = '';

  constructor(start: Fields) {
    this.#start = start;
    this.#text = text(start['text']);
    this.#thinking = text(start['thinking']);
  }

  take(delta: Fields): void {
    this.#text += text(delta['text']);
    this.#thinking += text(delta['thinking']);
    this.#json += text(delta['partial_json']);
  }

  body(): Fields {
    switch (this.#start['type']) {
      case 'text':
        return { ...this.#start, text: this.#text };
      case 'thinking':
        return { ...this.#start, thinking: this.#thinking };
      case 'tool_use':
        // Cut short, the pieces are no JSON; the reader then keeps them as text.
        return this.#json === '' ? this.#start : { ...this.#start, input: this.#json };
      default:
        return this.#start;
    }
  }
}

export class AnthropicAssembler implements Assembler {
  readonly #blocks = new Map<unknown, BlockSoFar>();
  readonly #usage = new UsageSoFar();
  #message: Fields | undefined;
  #stopReason: unknown;

  take(type: string, data: Fields): boolean {
    switch (type) {
      case 'message_start':
        this.#message ??= fields(data['message']);
        this.#usage.add(this.#message['usage']);
        break;
      case 'content_block_start':
        this.#blocks.set(data['index'], new BlockSoFar(fields(data['content_block'])));
        break;
      case 'content_block_delta':
        this.#block(data).take(fields(data['delta']));
        break;
      case 'message_delta':
        this.#stopReason = fields(data['delta'])['stop_reason'] ?? this.#stopReason;
        this.#usage.add(data['usage']);
        break;
      case 'message_stop':
        return true;
      default:
    }
    return false;
  }

  body(): Fields {
    if (this.#message === undefined && this.#blocks.size === 0) return { usage: this.#usage.value };
    return {
      ...this.#message,
      content: [...this.#blocks.values()].map((block) => block.body()),
      stop_reason: this.#stopReason,
      usage: this.#usage.value,
    };
  }

  /** A delta for a block that never began is taken for text or thinking or tool input, by what it carries. */
  #block(data: Fields): BlockSoFar {
    const known = this.#blocks.get(data['index']);
    if (known) return known;
    const delta = fields(data['delta']);
    const type = 'thinking' in delta ? 'thinking' : 'partial_json' in delta ? 'tool_use' : 'text';
    const block = new BlockSoFar({ type });
    this.#blocks.set(data['index'], block);
    return block;
  }
}
