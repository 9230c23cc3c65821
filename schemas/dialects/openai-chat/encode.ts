// Chat completion chunks from neutral events.

import type { CallEvent, Citation, Part, ReasoningPart, ToolCallPart, Usage } from '../../call.ts';
import { argumentsText, customNames } from '../openai.ts';
import type { Fields } from '../read.ts';
import type { Asked, EventEncoder, Frame } from '../types.ts';
import { knowsOnlyFunctions, writeAnnotations, writeChatUsage, writeError, writeFinish, writeImage } from './answer.ts';
import { sealContent, writeDetails } from './thoughts.ts';

interface PartSoFar {
  part: Part;
  /** What went out of it. */
  text: string;
  /** Of a text: where it begins in the content; of a tool call: its number; of a thought: its number. */
  readonly place: number;
}

class ChoiceSoFar {
  readonly parts = new Map<number, PartSoFar>();
  content = 0;
  calls = 0;
  thoughts = 0;

  add(index: number, part: Part): PartSoFar {
    const place = part.type === 'tool_call' ? this.calls++ : part.type === 'reasoning' ? this.thoughts++ : this.content;
    const added: PartSoFar = { part, text: '', place };
    this.parts.set(index, added);
    return added;
  }
}

export class ChatEncoder implements EventEncoder {
  readonly #asked: Asked;
  readonly #custom: ReadonlySet<string>;
  readonly #legacy: boolean;
  readonly #choices = new Map<number, ChoiceSoFar>();
  #head: { readonly id: string; readonly model: string };
  #usage: Usage | undefined;
  #serviceTier: string | undefined;
  #over = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#custom = customNames(asked.call);
    this.#legacy = knowsOnlyFunctions(asked);
    this.#head = { id: `chatcmpl-${asked.id}`, model: asked.model };
  }

  push(event: CallEvent): readonly Frame[] {
    if (this.#over) return [];
    switch (event.type) {
      case 'start':
        this.#head = { id: event.id || this.#head.id, model: event.model || this.#head.model };
        return [];
      case 'usage':
        this.#usage = event.usage;
        this.#serviceTier = event.serviceTier;
        return [];
      case 'error':
        this.#over = true;
        return [frame(writeError(event.error))];
      case 'end':
        this.#over = true;
        return this.#end();
      default:
        return [...this.#role(event.choice), ...this.#choice(event).map((delta) => this.#chunk(event.choice, delta))];
    }
  }

  /** The first chunk of a choice says who speaks. */
  #role(choice: number): readonly Frame[] {
    if (this.#choices.has(choice)) return [];
    this.#choices.set(choice, new ChoiceSoFar());
    return [this.#chunk(choice, { delta: { role: 'assistant', content: '', refusal: null } })];
  }

  #choice(event: Extract<CallEvent, { readonly choice: number }>): readonly Fields[] {
    const choice = this.#choices.get(event.choice) ?? new ChoiceSoFar();
    if (event.type === 'finish') return [{ delta: {}, finish_reason: writeFinish(event.reason, this.#asked) }];
    if (event.type === 'open') return this.#open(choice, event.index, event.part);
    const part = choice.parts.get(event.index);
    if (part === undefined) return [];
    if (event.type === 'delta') return this.#grow(choice, part, event.text);
    if (event.type === 'mark') return this.#mark(part, event);
    choice.parts.delete(event.index);
    return this.#close(choice, part);
  }

  #open(choice: ChoiceSoFar, ...[index, part]: [number, Part]): readonly Fields[] {
    const opened = choice.add(index, part);
    switch (part.type) {
      case 'text':
        return [
          ...this.#grow(choice, opened, part.content),
          ...(part.citations ?? []).flatMap((citation) => this.#cite(opened, citation)),
        ];
      case 'reasoning':
      case 'refusal':
        return this.#grow(choice, opened, part.content);
      case 'tool_call':
        return [this.#openCall(opened, part)];
      case 'blob':
        return part.modality === 'image' ? [{ delta: { images: [writeImage(part)] } }] : [];
      default:
        return [];
    }
  }

  #openCall(opened: PartSoFar, part: ToolCallPart): Fields {
    const { id, name } = part;
    opened.text = part.arguments === undefined ? '' : argumentsText(part.arguments);
    if (this.#legacy) return { delta: { function_call: { name, arguments: opened.text } } };
    const called = this.#custom.has(name)
      ? { type: 'custom', custom: { name, input: opened.text } }
      : { type: 'function', function: { name, arguments: opened.text } };
    return { delta: { tool_calls: [{ index: opened.place, id, ...called, ...sealContent(part.seal) }] } };
  }

  #grow(choice: ChoiceSoFar, ...[opened, text]: [PartSoFar, string]): readonly Fields[] {
    const { part } = opened;
    if (text === '') return [];
    opened.text += text;
    switch (part.type) {
      case 'text':
        choice.content += text.length;
        return [{ delta: { content: text } }];
      case 'reasoning':
        return [{ delta: { reasoning_content: text } }];
      case 'refusal':
        return [{ delta: { refusal: text } }];
      case 'tool_call':
        return [{ delta: this.#callPiece(opened.place, part.name, text) }];
      default:
        return [];
    }
  }

  #callPiece(index: number, ...[name, text]: [string, string]): Fields {
    if (this.#legacy) return { function_call: { arguments: text } };
    const piece = this.#custom.has(name) ? { custom: { input: text } } : { function: { arguments: text } };
    return { tool_calls: [{ index, ...piece }] };
  }

  #mark(opened: PartSoFar, { seal, citation }: Extract<CallEvent, { type: 'mark' }>): readonly Fields[] {
    const { part } = opened;
    if (seal !== undefined && (part.type === 'reasoning' || part.type === 'tool_call')) {
      opened.part = { ...part, seal };
      const late = part.type === 'tool_call' ? sealContent(seal) : {};
      return 'extra_content' in late ? [{ delta: { tool_calls: [{ index: opened.place, ...late }] } }] : [];
    }
    return citation === undefined ? [] : this.#cite(opened, citation);
  }

  #cite({ place, text }: PartSoFar, citation: Citation): readonly Fields[] {
    const annotations = writeAnnotations([citation], place, place + text.length);
    return annotations.length === 0 ? [] : [{ delta: { annotations } }];
  }

  #close(choice: ChoiceSoFar, opened: PartSoFar): readonly Fields[] {
    const { part, text } = opened;
    if (part.type === 'reasoning' && part.seal !== undefined) {
      const whole: ReasoningPart = { ...part, content: text };
      return [{ delta: { reasoning_details: writeDetails(whole, opened.place) } }];
    }
    // No arguments at all are an empty object, which clients parse.
    const nothing = part.type === 'tool_call' && text === '' && !this.#custom.has(part.name);
    return nothing ? this.#grow(choice, opened, '{}') : [];
  }

  #chunk(index: number, { delta, finish_reason: finish = null }: Fields): Frame {
    return frame({
      ...this.#body([{ index, delta, logprobs: null, finish_reason: finish }]),
      ...(this.#asked.streamUsage ? { usage: null } : {}),
    });
  }

  #body(choices: readonly Fields[]): Fields {
    const { id, model } = this.#head;
    const tier = this.#serviceTier === undefined ? {} : { service_tier: this.#serviceTier };
    return { id, object: 'chat.completion.chunk', created: this.#asked.created, model, ...tier, choices };
  }

  #end(): readonly Frame[] {
    const done = { event: '', data: '[DONE]' };
    if (this.#usage === undefined || !this.#asked.streamUsage) return [done];
    return [frame({ ...this.#body([]), usage: writeChatUsage(this.#usage) }), done];
  }
}

function frame(value: Fields): Frame {
  return { event: '', data: JSON.stringify(value) };
}
