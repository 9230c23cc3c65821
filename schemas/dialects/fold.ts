// A streamed answer as one: neutral events folded into the output that a whole answer would have given.

import type { CallError, CallEvent, CallOutput, Citation, OutputMessage, Part, Seal, Usage } from '../call.ts';
import type { StreamReader } from '../call.ts';
import { toolArguments } from './read.ts';
import type { EventDecoder } from './types.ts';

class PartSoFar {
  readonly #start: Part;
  #text = '';
  #seal: Seal | undefined;
  readonly #citations: Citation[] = [];

  constructor(start: Part) {
    this.#start = start;
  }

  add(text: string): void {
    this.#text += text;
  }

  mark(seal: Seal | undefined, citation: Citation | undefined): void {
    this.#seal = seal ?? this.#seal;
    if (citation !== undefined) this.#citations.push(citation);
  }

  /** Undefined where nothing of it ever came. */
  part(): Part | undefined {
    const seal = this.#seal === undefined ? {} : { seal: this.#seal };
    const start: Part = { ...this.#start, ...seal };
    switch (start.type) {
      case 'text': {
        const citations = [...(start.citations ?? []), ...this.#citations];
        const whole = { ...start, content: start.content + this.#text, ...(citations.length > 0 ? { citations } : {}) };
        return saysSomething(whole) || citations.length > 0 ? whole : undefined;
      }
      case 'reasoning': {
        const whole = { ...start, content: start.content + this.#text };
        return saysSomething(whole) ? whole : undefined;
      }
      case 'refusal':
        return { ...start, content: start.content + this.#text };
      case 'tool_call':
        return { ...start, arguments: start.arguments ?? toolArguments(this.#text) };
      default:
        return start;
    }
  }
}

function saysSomething({ content, seal }: { readonly content: string; readonly seal?: Seal }): boolean {
  return content !== '' || seal !== undefined;
}

interface ChoiceSoFar {
  readonly parts: Map<number, PartSoFar>;
  reason: string;
  stopSequence: string | undefined;
}

/** Takes the events of one answer; `output()` is what they add up to so far. */
export class Fold {
  readonly #choices = new Map<number, ChoiceSoFar>();
  #id = '';
  #model = '';
  #usage: Usage | undefined;
  #serviceTier = '';
  #error: CallError | undefined;
  #complete = false;

  // oxlint-disable-next-line complexity -- one line for each kind of event
  push(event: CallEvent): void {
    switch (event.type) {
      case 'start':
        this.#id ||= event.id;
        this.#model = event.model || this.#model;
        break;
      case 'open':
        this.#choice(event.choice).parts.set(event.index, new PartSoFar(event.part));
        break;
      case 'delta':
        this.#choice(event.choice).parts.get(event.index)?.add(event.text);
        break;
      case 'mark':
        this.#choice(event.choice).parts.get(event.index)?.mark(event.seal, event.citation);
        break;
      case 'close':
        break;
      case 'finish': {
        const choice = this.#choice(event.choice);
        choice.reason = event.reason;
        choice.stopSequence = event.stopSequence;
        break;
      }
      case 'usage':
        this.#usage = event.usage;
        this.#serviceTier = event.serviceTier ?? this.#serviceTier;
        break;
      case 'error':
        this.#error ??= event.error;
        break;
      case 'end':
        this.#complete = true;
    }
  }

  output(): CallOutput {
    const choices = [...this.#choices].sort(([a], [b]) => a - b);
    return {
      id: this.#id,
      model: this.#model,
      messages: choices.map(([, choice]) => messageOf(choice)),
      usage: this.#usage,
      ...(this.#serviceTier === '' ? {} : { serviceTier: this.#serviceTier }),
      complete: this.#complete,
      error: this.#error,
    };
  }

  #choice(index: number): ChoiceSoFar {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice: ChoiceSoFar = { parts: new Map(), reason: 'error', stopSequence: undefined };
    this.#choices.set(index, choice);
    return choice;
  }
}

function messageOf({ parts, reason, stopSequence }: ChoiceSoFar): OutputMessage {
  const sorted = [...parts].sort(([a], [b]) => a - b);
  return {
    role: 'assistant',
    parts: sorted.map(([, part]) => part.part()).filter((part) => part !== undefined),
    finish_reason: reason,
    ...(stopSequence === undefined ? {} : { stop_sequence: stopSequence }),
  };
}

/** A dialect's stream reader, made of its decoder. */
export function streamOf(decoder: EventDecoder): StreamReader {
  const fold = new Fold();
  return {
    push(event, data) {
      for (const each of decoder.push(event, data)) fold.push(each);
    },
    output: () => fold.output(),
  };
}

/** The events that a whole answer would have come as: for callers who asked for a stream of a provider that has none. */
export function* unfold(output: CallOutput): Generator<CallEvent> {
  yield { type: 'start', id: output.id, model: output.model };
  for (const [choice, message] of output.messages.entries()) {
    for (const [index, part] of message.parts.entries()) yield* unfoldPart(choice, index, part);
    const stop = message.stop_sequence === undefined ? {} : { stopSequence: message.stop_sequence };
    yield { type: 'finish', choice, reason: message.finish_reason, ...stop };
  }
  if (output.usage !== undefined) {
    const tier = output.serviceTier === undefined ? {} : { serviceTier: output.serviceTier };
    yield { type: 'usage', usage: output.usage, ...tier };
  }
  if (output.error !== undefined) yield { type: 'error', error: output.error };
  else if (output.complete) yield { type: 'end' };
}

function* unfoldPart(choice: number, index: number, part: Part): Generator<CallEvent> {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      yield { type: 'open', choice, index, part: { ...part, content: '' } };
      if (part.content !== '') yield { type: 'delta', choice, index, text: part.content };
      break;
    case 'tool_call': {
      yield { type: 'open', choice, index, part: { ...part, arguments: undefined } };
      const text = typeof part.arguments === 'string' ? part.arguments : JSON.stringify(part.arguments ?? {});
      yield { type: 'delta', choice, index, text };
      break;
    }
    default:
      yield { type: 'open', choice, index, part };
  }
  yield { type: 'close', choice, index };
}
