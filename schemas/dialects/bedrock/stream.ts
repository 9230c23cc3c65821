// ConverseStream: an event for each step of a block, the reason of the end, and the usage last of all.

import type { CallError, CallEvent, Citation, Part } from '../../call.ts';
import { fields, parsed, text } from '../read.ts';
import type { Fields } from '../read.ts';
import { readSeal } from '../seals.ts';
import { Sequential } from '../sequential.ts';
import type { EventDecoder, EventEncoder, Frame } from '../types.ts';
import { present } from '../write.ts';
import {
  exceptionFor,
  readFault,
  readFinish,
  readModel,
  readTier,
  readUsage,
  writeFinish,
  writeTier,
  writeUsage,
} from './answer.ts';
import { readCitation, writeCitation } from './blocks.ts';
import { callSealBlocks, hiddenThought, signatureOf, writeThought } from './thoughts.ts';

const EMPTY: Readonly<Record<'text' | 'reasoning', Part>> = {
  text: { type: 'text', content: '' },
  reasoning: { type: 'reasoning', content: '' },
};

/** Only blocks of tools say that they begin; the others begin with their first delta. */
export class BedrockDecoder implements EventDecoder {
  /** Numbers of the parts by those of their blocks, which may leave some out. */
  readonly #parts = new Map<unknown, number>();
  readonly #open = new Set<number>();
  #next = 0;

  push(event: string, data: string): readonly CallEvent[] {
    const body = fields(parsed(data));
    switch (event) {
      case 'messageStart':
        return [{ type: 'start', id: '', model: '' }];
      case 'contentBlockStart':
        return this.#start(body);
      case 'contentBlockDelta':
        return this.#delta(body['contentBlockIndex'], fields(body['delta']));
      case 'contentBlockStop':
        return this.#stop(body['contentBlockIndex']);
      case 'messageStop':
        return [...this.#closeAll(), { type: 'finish', choice: 0, reason: readFinish(body['stopReason']) }];
      case 'metadata':
        return metadata(body);
      default:
        return failure(event, body);
    }
  }

  #start({ contentBlockIndex, start }: Fields): readonly CallEvent[] {
    const { toolUseId, name, type } = fields(fields(start)['toolUse']);
    if (typeof name !== 'string' || type !== undefined) return [];
    const part: Part = { type: 'tool_call', id: text(toolUseId), name, arguments: undefined };
    return [this.#opened(contentBlockIndex, part)];
  }

  #delta(block: unknown, delta: Fields): readonly CallEvent[] {
    if (typeof delta['text'] === 'string') return this.#grow(block, 'text', delta['text']);
    if ('reasoningContent' in delta) return this.#think(block, fields(delta['reasoningContent']));
    if ('citation' in delta) {
      const { events, index } = this.#at(block, 'text');
      return [...events, { type: 'mark', choice: 0, index, citation: readCitation(delta['citation']) }];
    }
    const index = this.#parts.get(block);
    const input = fields(delta['toolUse'])['input'];
    return index === undefined || typeof input !== 'string' ? [] : [{ type: 'delta', choice: 0, index, text: input }];
  }

  #think(block: unknown, { text: thought, signature, redactedContent }: Fields): readonly CallEvent[] {
    if (typeof thought === 'string') return this.#grow(block, 'reasoning', thought);
    if (typeof redactedContent === 'string' && !this.#parts.has(block))
      return [this.#opened(block, hiddenThought(redactedContent))];
    const seal = readSeal(text(signature), 'anthropic');
    if (seal === undefined) return [];
    const { events, index } = this.#at(block, 'reasoning');
    return [...events, { type: 'mark', choice: 0, index, seal }];
  }

  #grow(block: unknown, type: 'text' | 'reasoning', said: string): readonly CallEvent[] {
    const { events, index } = this.#at(block, type);
    return [...events, { type: 'delta', choice: 0, index, text: said }];
  }

  #at(block: unknown, type: 'text' | 'reasoning'): { events: readonly CallEvent[]; index: number } {
    const index = this.#parts.get(block);
    if (index !== undefined) return { events: [], index };
    return { index: this.#next, events: [this.#opened(block, EMPTY[type])] };
  }

  #opened(block: unknown, part: Part): CallEvent {
    const index = this.#next++;
    this.#parts.set(block, index);
    this.#open.add(index);
    return { type: 'open', choice: 0, index, part };
  }

  #stop(block: unknown): readonly CallEvent[] {
    const index = this.#parts.get(block);
    if (index === undefined || !this.#open.delete(index)) return [];
    return [{ type: 'close', choice: 0, index }];
  }

  #closeAll(): readonly CallEvent[] {
    const left = [...this.#open];
    this.#open.clear();
    return left.map((index) => ({ type: 'close', choice: 0, index }));
  }
}

/** The last event of every stream that ended well. */
function metadata(body: Fields): readonly CallEvent[] {
  const usage = readUsage(body['usage']);
  const tier = readTier(body);
  const model = readModel(body['trace']);
  return [
    ...(model === '' ? [] : [{ type: 'start', id: '', model } as const]),
    ...(usage === undefined ? [] : [{ type: 'usage', usage, ...(tier && { serviceTier: tier }) } as const]),
    { type: 'end' },
  ];
}

function failure(event: string, body: Fields): readonly CallEvent[] {
  const error = readFault(body, event);
  if (error !== undefined) return [{ type: 'error', error }];
  return event.endsWith('Exception') ? [{ type: 'error', error: { type: event, message: '' } }] : [];
}

interface Block {
  readonly block: number;
  readonly type: Part['type'];
  readonly signature: string | undefined;
  readonly citations: readonly Citation[];
}

/** Writes one block after the other; tool arguments as they come. */
export class BedrockEncoder implements EventEncoder {
  readonly #sequential = new Sequential();
  /** Parts that have a block. */
  readonly #blocks = new Map<number, Block>();
  #count = 0;
  #started = false;
  #metadata: Fields = {};

  push(event: CallEvent): readonly Frame[] {
    return this.#sequential.push(event).flatMap((each) => this.#write(each));
  }

  #write(event: CallEvent): readonly Frame[] {
    switch (event.type) {
      case 'start':
        return this.#start();
      case 'open':
        return [...this.#start(), ...this.#open(event.index, event.part)];
      case 'delta':
        return this.#delta(event.index, event.text);
      case 'mark':
        return this.#mark(event);
      case 'close':
        return this.#close(event.index);
      case 'finish': {
        const stopReason = writeFinish(event.reason, event.stopSequence);
        return [...this.#start(), frame('messageStop', { stopReason })];
      }
      case 'usage':
        this.#metadata = present({ usage: writeUsage(event.usage), serviceTier: writeTier(event.serviceTier) });
        return [];
      case 'error':
        return [exception(event.error)];
      case 'end':
        return [frame('metadata', { ...this.#metadata, metrics: {} })];
    }
  }

  #start(): readonly Frame[] {
    if (this.#started) return [];
    this.#started = true;
    return [frame('messageStart', { role: 'assistant' })];
  }

  #open(index: number, part: Part): readonly Frame[] {
    if (!SAID.has(part.type)) return [];
    const before = part.type === 'tool_call' ? callSealBlocks(part).flatMap((block) => this.#hidden(block)) : [];
    const block = this.#count++;
    const hidden = part.type === 'reasoning' && part.redacted === true ? writeThought(part, true) : undefined;
    const signature = part.type === 'reasoning' && part.redacted !== true ? signatureOf(part.seal) : undefined;
    const citations = part.type === 'text' ? (part.citations ?? []) : [];
    this.#blocks.set(index, { block, type: part.type, signature, citations });
    if (hidden !== undefined) return [delta(block, hidden)];
    if (part.type !== 'tool_call') return [];
    const start = { toolUse: { toolUseId: part.id, name: part.name } };
    return [...before, frame('contentBlockStart', { start, contentBlockIndex: block })];
  }

  /** A block of its own, whole at once. */
  #hidden(block: Fields): readonly Frame[] {
    const contentBlockIndex = this.#count++;
    return [delta(contentBlockIndex, block), frame('contentBlockStop', { contentBlockIndex })];
  }

  #delta(index: number, said: string): readonly Frame[] {
    const at = this.#blocks.get(index);
    if (at === undefined) return [];
    if (at.type === 'tool_call') return [delta(at.block, { toolUse: { input: said } })];
    return [delta(at.block, at.type === 'reasoning' ? { reasoningContent: { text: said } } : { text: said })];
  }

  #mark({ index, seal, citation }: Extract<CallEvent, { type: 'mark' }>): readonly Frame[] {
    const at = this.#blocks.get(index);
    if (at === undefined) return [];
    if (citation !== undefined && at.type === 'text') return [delta(at.block, { citation: writeCitation(citation) })];
    const signature = signatureOf(seal);
    return signature === undefined || at.type !== 'reasoning'
      ? []
      : [delta(at.block, { reasoningContent: { signature } })];
  }

  /** What was known from the beginning stands behind the words all the same. */
  #close(index: number): readonly Frame[] {
    const at = this.#blocks.get(index);
    if (at === undefined) return [];
    const { block: contentBlockIndex, signature, citations } = at;
    const known = [
      ...(signature === undefined ? [] : [{ reasoningContent: { signature } }]),
      ...citations.map((citation) => ({ citation: writeCitation(citation) })),
    ];
    return [...known.map((of) => delta(contentBlockIndex, of)), frame('contentBlockStop', { contentBlockIndex })];
  }
}

const SAID: ReadonlySet<Part['type']> = new Set(['text', 'refusal', 'reasoning', 'tool_call']);

function frame(event: string, body: Fields): Frame {
  return { event, data: JSON.stringify(body) };
}

function delta(contentBlockIndex: number, of: Fields): Frame {
  return frame('contentBlockDelta', { delta: of, contentBlockIndex });
}

function exception(error: CallError): Frame {
  return frame(exceptionFor(error), { message: error.message });
}
