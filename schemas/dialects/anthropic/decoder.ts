// The events of a streamed message, read: blocks by index, tool input as JSON in pieces, usage in two places.

import type { CallEvent, Part } from '../../call.ts';
import { fields, isFields, mergeUsage, parsed, readError, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { EventDecoder } from '../types.ts';
import { anthropicFinish, tierOf } from './answer.ts';
import { readBlock, readCitation } from './blocks.ts';
import { readSeal } from './seals.ts';
import { readAnthropicUsage } from './usage.ts';

interface OpenBlock {
  /** Among the neutral parts; undefined while a block that is kept whole still grows. */
  readonly index: number | undefined;
  readonly start: Fields;
  /** Tool input so far. */
  json: string;
}

export class AnthropicDecoder implements EventDecoder {
  readonly #blocks = new Map<unknown, OpenBlock>();
  #next = 0;
  #usage: Fields | undefined;
  #finished = false;
  #ended = false;

  push(event: string, data: string): readonly CallEvent[] {
    const value = parsed(data);
    if (!isFields(value) || this.#ended) return [];
    return this.#read(text(value['type']) || event, value);
  }

  #read(type: string, data: Fields): readonly CallEvent[] {
    switch (type) {
      case 'message_start':
        return this.#start(fields(data['message']));
      case 'content_block_start':
        return this.#open(data['index'], fields(data['content_block']));
      case 'content_block_delta':
        return this.#delta(data['index'], fields(data['delta']));
      case 'content_block_stop':
        return this.#close(data['index']);
      case 'message_delta':
        return this.#messageDelta(data);
      case 'message_stop':
        this.#ended = true;
        return [...this.#closeAll(), { type: 'end' }];
      case 'error':
        return errorOf(data);
      default:
        return isFields(data['error']) ? errorOf(data) : [];
    }
  }

  #start(message: Fields): readonly CallEvent[] {
    return [
      { type: 'start', id: text(message['id']), model: text(message['model']) },
      ...this.#count(message['usage']),
    ];
  }

  #count(usage: unknown): readonly CallEvent[] {
    if (!isFields(usage)) return [];
    this.#usage = mergeUsage(this.#usage, usage);
    const read = readAnthropicUsage(this.#usage);
    return read === undefined ? [] : [{ type: 'usage', usage: read, ...tierOf(this.#usage) }];
  }

  #open(key: unknown, block: Fields): readonly CallEvent[] {
    const before = this.#blocks.has(key) ? this.#close(key) : [];
    const part = partOf(block);
    if (part === undefined) {
      this.#blocks.set(key, { index: undefined, start: block, json: '' });
      return before;
    }
    const index = this.#next++;
    this.#blocks.set(key, { index, start: block, json: '' });
    const said = text(block['text']) || text(block['thinking']);
    return [
      ...before,
      { type: 'open', choice: 0, index, part },
      ...(said === '' ? [] : [{ type: 'delta', choice: 0, index, text: said } as const]),
    ];
  }

  #delta(key: unknown, delta: Fields): readonly CallEvent[] {
    // Text that no block was opened for is taken for what it carries.
    const opened = this.#blocks.has(key) ? [] : this.#open(key, { type: kindOf(delta) });
    const block = this.#blocks.get(key);
    if (block === undefined) return opened;
    const json = text(delta['partial_json']);
    block.json += json;
    const { index } = block;
    if (index === undefined) return opened;
    const said = json || text(delta['text']) || text(delta['thinking']);
    const seal = readSeal(text(delta['signature']));
    return [
      ...opened,
      ...(said === '' ? [] : [{ type: 'delta', choice: 0, index, text: said } as const]),
      ...(seal === undefined ? [] : [{ type: 'mark', choice: 0, index, seal } as const]),
      ...(isFields(delta['citation'])
        ? [{ type: 'mark', choice: 0, index, citation: readCitation(delta['citation']) } as const]
        : []),
    ];
  }

  #close(key: unknown): readonly CallEvent[] {
    const block = this.#blocks.get(key);
    if (block === undefined) return [];
    this.#blocks.delete(key);
    if (block.index === undefined) return this.#whole(block);
    const { index } = block;
    // A tool without arguments sends none; some servers send them all at the start.
    const silent = block.start['type'] === 'tool_use' && block.json === '';
    const text = JSON.stringify(block.start['input'] ?? {});
    return [
      ...(silent ? [{ type: 'delta', choice: 0, index, text } as const] : []),
      { type: 'close', choice: 0, index },
    ];
  }

  /** A block of what the provider ran, once its input is known. */
  #whole({ start, json }: OpenBlock): readonly CallEvent[] {
    const block = json === '' ? start : { ...start, input: parsed(json) };
    const [part] = readBlock(block, { path: '', paths: new WeakMap() });
    if (part === undefined) return [];
    const index = this.#next++;
    return [
      { type: 'open', choice: 0, index, part },
      { type: 'close', choice: 0, index },
    ];
  }

  #closeAll(): readonly CallEvent[] {
    return [...this.#blocks.keys()].flatMap((key) => this.#close(key));
  }

  #messageDelta(data: Fields): readonly CallEvent[] {
    const { stop_reason: reason, stop_sequence: sequence } = fields(data['delta']);
    const counted = this.#count(data['usage']);
    if (typeof reason !== 'string' || this.#finished) return counted;
    this.#finished = true;
    const stop = typeof sequence === 'string' ? { stopSequence: sequence } : {};
    return [...this.#closeAll(), { type: 'finish', choice: 0, reason: anthropicFinish(reason), ...stop }, ...counted];
  }
}

/** What grows in deltas, as it is before the first; the rest is kept whole. */
function partOf(block: Fields): Part | undefined {
  switch (block['type']) {
    case 'text':
      return { type: 'text', content: '' };
    case 'thinking': {
      const seal = readSeal(text(block['signature']));
      return { type: 'reasoning', content: '', ...(seal === undefined ? {} : { seal }) };
    }
    case 'tool_use':
      return { type: 'tool_call', id: text(block['id']), name: text(block['name']), arguments: undefined };
    default:
      return undefined;
  }
}

function kindOf(delta: Fields): string {
  if ('thinking' in delta || 'signature' in delta) return 'thinking';
  return 'partial_json' in delta ? 'tool_use' : 'text';
}

function errorOf(data: Fields): readonly CallEvent[] {
  const error = readError(isFields(data['error']) ? data : { error: data });
  return error === undefined ? [] : [{ type: 'error', error }];
}
