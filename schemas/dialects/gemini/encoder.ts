// Neutral events as chunks of a streamed answer: texts as they come, function calls whole, and in the last chunk the
// reasons and the counts.

import type { CallEvent, Citation, Part, Usage } from '../../call.ts';
import { toolArguments } from '../read.ts';
import type { Fields } from '../read.ts';
import { Sequential } from '../sequential.ts';
import type { Asked, EventEncoder, Frame } from '../types.ts';
import { present } from '../write.ts';
import { answerNames, answerParts, errorBody, finishReason } from './answer.ts';
import type { WirePart } from './content.ts';
import { writeCitations } from './grounding.ts';
import { writeGeminiUsage } from './usage.ts';

type PartEvent = Extract<CallEvent, { readonly index: number }>;

interface ChoiceSoFar {
  readonly sequential: Sequential;
  part: Part | undefined;
  /** Of the open part: text, or arguments. */
  text: string;
  cited: { readonly citations: Citation[]; text: string } | undefined;
  reason: string | undefined;
}

export class GeminiEncoder implements EventEncoder {
  readonly #asked: Asked;
  readonly #choices = new Map<number, ChoiceSoFar>();
  #names: Fields;
  #usage: Usage | undefined;
  #tier: string | undefined;
  #over = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#names = answerNames({ id: '', model: '' }, asked);
  }

  push(event: CallEvent): readonly Frame[] {
    if (this.#over) return [];
    switch (event.type) {
      case 'start':
        this.#names = answerNames(event, this.#asked);
        return [];
      case 'usage':
        this.#usage = event.usage;
        this.#tier = event.serviceTier ?? this.#tier;
        return [];
      case 'finish': {
        this.#choice(event.choice).reason = event.reason;
        return this.#drain(event.choice, event);
      }
      case 'error':
        this.#over = true;
        return [{ event: '', data: JSON.stringify(errorBody(event.error)) }];
      case 'end':
        return this.#end(event);
      default: {
        const { sequential } = this.#choice(event.choice);
        return this.#write(event.choice, sequential.push(event));
      }
    }
  }

  /** What still waits in a choice, before the event that ends it. */
  #drain(choice: number, event: CallEvent): readonly Frame[] {
    return this.#write(choice, this.#choice(choice).sequential.push(event).slice(0, -1));
  }

  #write(choice: number, events: readonly CallEvent[]): readonly Frame[] {
    const state = this.#choice(choice);
    const parts = events.flatMap((event) => ('index' in event ? partsOf(state, event) : []));
    return parts.map((part) => this.#chunk([{ content: { parts: [part], role: 'model' }, index: choice }]));
  }

  #chunk(candidates: readonly Fields[], more: Fields = {}): Frame {
    return { event: '', data: JSON.stringify({ candidates, ...more, ...this.#names }) };
  }

  #end(event: CallEvent): readonly Frame[] {
    const waiting = [...this.#choices.keys()].flatMap((choice) => this.#drain(choice, event));
    this.#over = true;
    const choices = this.#choices.size === 0 ? [this.#choice(0)] : [...this.#choices.values()];
    const indexes = [...this.#choices.keys()];
    const candidates = choices.map(({ reason, cited }, at) =>
      present({
        content: { parts: [{ text: '' }], role: 'model' },
        finishReason: finishReason(reason ?? 'error'),
        groundingMetadata: cited === undefined ? undefined : writeCitations(cited.citations, cited.text),
        index: indexes[at],
      }),
    );
    return [...waiting, this.#chunk(candidates, { usageMetadata: writeGeminiUsage(this.#usage, this.#tier) })];
  }

  #choice(index: number): ChoiceSoFar {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice: ChoiceSoFar = {
      sequential: new Sequential(),
      part: undefined,
      text: '',
      cited: undefined,
      reason: undefined,
    };
    this.#choices.set(index, choice);
    return choice;
  }
}

/** The parts that one event of a choice completes. */
function partsOf(state: ChoiceSoFar, event: PartEvent): readonly WirePart[] {
  switch (event.type) {
    case 'open':
      return opened(state, event.part);
    case 'delta':
      state.text += event.text;
      return state.part === undefined ? [] : grown(state.part, event.text);
    case 'mark':
      marked(state, event);
      return [];
    case 'close': {
      const { part } = state;
      state.part = undefined;
      if (part?.type === 'text' && state.cited?.text === '') state.cited.text = state.text;
      return part === undefined ? [] : closed(part, state.text);
    }
  }
}

/** Parts that wait for what they say; all others are whole when they open. */
const GROWS: ReadonlySet<string> = new Set(['text', 'reasoning', 'refusal', 'tool_call']);

function opened(state: ChoiceSoFar, part: Part): readonly WirePart[] {
  state.part = part;
  state.text = '';
  if (part.type === 'text') for (const citation of part.citations ?? []) cite(state, citation);
  return GROWS.has(part.type) ? [] : answerParts(part);
}

function grown(part: Part, text: string): readonly WirePart[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ text }];
    case 'reasoning':
      return [{ text, thought: true }];
    default:
      return [];
  }
}

/** A signature stands in the last piece of its part; so it is known by then, whenever it came. */
function marked(state: ChoiceSoFar, { seal, citation }: Extract<CallEvent, { type: 'mark' }>): void {
  const { part } = state;
  if (citation !== undefined && part?.type === 'text') cite(state, citation);
  if (seal !== undefined && (part?.type === 'text' || part?.type === 'reasoning' || part?.type === 'tool_call')) {
    state.part = { ...part, seal };
  }
}

function cite(state: ChoiceSoFar, citation: Citation): void {
  state.cited ??= { citations: [], text: '' };
  state.cited.citations.push(citation);
}

function closed(part: Part, text: string): readonly WirePart[] {
  switch (part.type) {
    case 'tool_call':
      return answerParts({ ...part, arguments: toolArguments(text) });
    case 'text':
    case 'reasoning':
      return part.seal === undefined ? [] : answerParts({ ...part, content: '' });
    default:
      return [];
  }
}
