// Text completions, whole and streamed. Reading them is the chat dialect's work, whose servers send both.

import type { CallEvent, CallOutput, OutputMessage, Usage } from '../../call.ts';
import { writeChatUsage, writeError } from '../openai-chat/answer.ts';
import type { Fields } from '../read.ts';
import type { Asked, EventEncoder, Frame } from '../types.ts';

export function writeOutput(output: CallOutput, asked: Asked): unknown {
  if (output.error !== undefined && output.messages.length === 0) return writeError(output.error);
  const choices = output.messages.map((message, index) => choice(index, saidIn(message), message.finish_reason));
  const usage = output.usage === undefined ? {} : { usage: writeChatUsage(output.usage) };
  return { ...head(output, asked), choices, ...usage };
}

function head({ id, model }: { readonly id: string; readonly model: string }, asked: Asked): Fields {
  const { created } = asked;
  return { id: id || `cmpl-${asked.id}`, object: 'text_completion', created, model: model || asked.model };
}

/** A prompt is answered with text: thoughts are not part of it. */
function saidIn({ parts }: OutputMessage): string {
  return parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.content : '')).join('');
}

function choice(index: number, ...[text, finish]: [string, string | null]): Fields {
  return { text, index, logprobs: null, finish_reason: finish };
}

export class CompletionsEncoder implements EventEncoder {
  readonly #asked: Asked;
  #head: Fields;
  /** The parts that are heard, by choice and index. */
  readonly #heard = new Set<string>();
  #usage: Usage | undefined;
  #over = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#head = head({ id: '', model: '' }, asked);
  }

  push(event: CallEvent): readonly Frame[] {
    if (this.#over) return [];
    switch (event.type) {
      case 'start':
        this.#head = head(event, this.#asked);
        return [];
      case 'open':
        return this.#open(event);
      case 'delta':
        return this.#heard.has(`${event.choice}.${event.index}`) ? this.#said(event.choice, event.text) : [];
      case 'finish':
        return [this.#chunk([choice(event.choice, '', event.reason)])];
      case 'usage':
        this.#usage = event.usage;
        return [];
      case 'error':
        this.#over = true;
        return [frame(writeError(event.error))];
      case 'end':
        this.#over = true;
        return this.#end();
      default:
        return [];
    }
  }

  #open({ choice, index, part }: Extract<CallEvent, { type: 'open' }>): readonly Frame[] {
    if (part.type !== 'text' && part.type !== 'refusal') return [];
    this.#heard.add(`${choice}.${index}`);
    return this.#said(choice, part.content);
  }

  #said(at: number, text: string): readonly Frame[] {
    return text === '' ? [] : [this.#chunk([choice(at, text, null)])];
  }

  #chunk(choices: readonly Fields[]): Frame {
    return frame({ ...this.#head, choices, ...(this.#asked.streamUsage ? { usage: null } : {}) });
  }

  #end(): readonly Frame[] {
    const done = { event: '', data: '[DONE]' };
    if (this.#usage === undefined || !this.#asked.streamUsage) return [done];
    return [frame({ ...this.#head, choices: [], usage: writeChatUsage(this.#usage) }), done];
  }
}

function frame(value: Fields): Frame {
  return { event: '', data: JSON.stringify(value) };
}
