// Neutral events as the events of a streamed message: one block after the other, the totals before the end.

import type { CallEvent, Citation, Part, Seal, Usage } from '../../call.ts';
import { Sequential } from '../sequential.ts';
import type { Asked, EventEncoder, Frame } from '../types.ts';
import { partAsText } from '../write.ts';
import { errorBody, messageShell, stopReason } from './answer.ts';
import { answerBlock, isRedacted, writeCitation } from './content.ts';
import { writeSeal } from './seals.ts';
import { writeAnthropicUsage } from './usage.ts';

type PartEvent = Extract<CallEvent, { readonly index: number }>;

export class AnthropicEncoder implements EventEncoder {
  readonly #asked: Asked;
  readonly #sequential = new Sequential();
  #started = false;
  #over = false;
  /** Blocks so far; the open one has the last number. */
  #blocks = 0;
  /** The part that is open; undefined between blocks, and for one that no client could read. */
  #part: Part | undefined;
  #signed = false;
  #reason = 'error';
  #stopSequence: string | undefined;
  #usage: Usage | undefined;
  #tier: string | undefined;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  push(event: CallEvent): readonly Frame[] {
    // There is one answer only: others beside it cannot be asked for.
    if (this.#over || ('choice' in event && event.choice > 0)) return [];
    return this.#sequential.push(event).flatMap((each) => this.#write(each));
  }

  #write(event: CallEvent): readonly Frame[] {
    switch (event.type) {
      case 'start':
        return this.#start(event);
      case 'usage':
        this.#usage = event.usage;
        this.#tier = event.serviceTier ?? this.#tier;
        return [];
      case 'finish':
        this.#reason = event.reason;
        this.#stopSequence = event.stopSequence;
        return [];
      case 'error':
        this.#over = true;
        return [frame('error', errorBody(event.error))];
      case 'end':
        return this.#end();
      default:
        return [...this.#start({ id: '', model: '' }), ...this.#writePart(event)];
    }
  }

  #start(event: { readonly id: string; readonly model: string }): readonly Frame[] {
    if (this.#started) return [];
    this.#started = true;
    const usage = writeAnthropicUsage(this.#usage, this.#tier);
    return [frame('message_start', { message: { ...messageShell(event, this.#asked), usage } })];
  }

  #writePart(event: PartEvent): readonly Frame[] {
    switch (event.type) {
      case 'open':
        return this.#open(event.part);
      case 'delta':
        return event.text === '' ? [] : this.#delta(deltaOf(this.#part, event.text));
      case 'mark':
        return this.#mark(event);
      case 'close':
        return this.#close();
    }
  }

  #open(part: Part): readonly Frame[] {
    const started = answerBlock(part);
    if (started === undefined) return [];
    const frames = started.before.flatMap((block) => [
      frame('content_block_start', { index: this.#blocks, content_block: block }),
      frame('content_block_stop', { index: this.#blocks++ }),
    ]);
    this.#part = part;
    this.#signed = false;
    frames.push(frame('content_block_start', { index: this.#blocks, content_block: started.block }));
    return [...frames, ...this.#known(part)];
  }

  /** What is known of a part at its beginning and has an event of its own. */
  #known(part: Part): readonly Frame[] {
    if (part.type === 'uri' || part.type === 'blob' || part.type === 'file') {
      return this.#delta({ type: 'text_delta', text: partAsText(part) });
    }
    if (part.type === 'reasoning' && part.seal !== undefined && !isRedacted(part)) {
      return this.#sign(part.seal);
    }
    return part.type === 'text' ? (part.citations ?? []).flatMap((each) => this.#cite(each)) : [];
  }

  #mark({ seal, citation }: Extract<CallEvent, { type: 'mark' }>): readonly Frame[] {
    const part = this.#part;
    if (citation !== undefined && part?.type === 'text') return this.#cite(citation);
    if (seal === undefined || part?.type !== 'reasoning' || isRedacted(part)) return [];
    return this.#sign(seal);
  }

  #sign(seal: Seal | undefined): readonly Frame[] {
    this.#signed = true;
    return this.#delta({ type: 'signature_delta', signature: writeSeal(seal) });
  }

  #cite(citation: Citation): readonly Frame[] {
    return this.#delta({ type: 'citations_delta', citation: writeCitation(citation) });
  }

  #delta(delta: Readonly<Record<string, unknown>> | undefined): readonly Frame[] {
    return delta === undefined ? [] : [frame('content_block_delta', { index: this.#blocks, delta })];
  }

  #close(): readonly Frame[] {
    const part = this.#part;
    if (part === undefined) return [];
    const unsigned = part.type === 'reasoning' && !isRedacted(part) && !this.#signed;
    this.#part = undefined;
    return [...(unsigned ? this.#sign(undefined) : []), frame('content_block_stop', { index: this.#blocks++ })];
  }

  #end(): readonly Frame[] {
    this.#over = true;
    const delta = {
      stop_reason: stopReason(this.#reason, this.#stopSequence),
      stop_sequence: this.#stopSequence ?? null,
      stop_details: null,
      container: null,
    };
    const usage = writeAnthropicUsage(this.#usage, this.#tier);
    return [...this.#start({ id: '', model: '' }), frame('message_delta', { delta, usage }), frame('message_stop', {})];
  }
}

function deltaOf(part: Part | undefined, text: string): Record<string, unknown> | undefined {
  switch (part?.type) {
    case 'text':
    case 'refusal':
      return { type: 'text_delta', text };
    case 'reasoning':
      return isRedacted(part) ? undefined : { type: 'thinking_delta', thinking: text };
    case 'tool_call':
      return { type: 'input_json_delta', partial_json: text };
    default:
      return undefined;
  }
}

function frame(event: string, data: Readonly<Record<string, unknown>>): Frame {
  return { event, data: JSON.stringify({ type: event, ...data }) };
}
