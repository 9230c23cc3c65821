// A streamed answer, read: whole answers with a piece each. Nothing says the end but the reason why it ended.

import type { CallEvent, Part, ReasoningPart, TextPart } from '../../call.ts';
import { count, isFields, list, parsed, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { EventDecoder } from '../types.ts';
import { blockReason, callId, geminiFinish, readGeminiError, withSearches } from './answer.ts';
import { google } from '../google.ts';
import { readCitations } from './grounding.ts';
import { readPart } from './parts.ts';
import { readGeminiUsage, saysUsage, tierOf } from './usage.ts';

interface ChoiceSoFar {
  /** Parts opened so far; the open one, if there is one, is the last. */
  next: number;
  open: { readonly type: Part['type']; sealed: boolean } | undefined;
  /** The last text, for citations that count in it. */
  said: string;
  called: boolean;
  finished: boolean;
}

interface Into {
  readonly choice: number;
  readonly state: ChoiceSoFar;
  readonly events: CallEvent[];
}

export class GeminiDecoder implements EventDecoder {
  readonly #choices = new Map<number, ChoiceSoFar>();
  #started = false;
  #ended = false;
  #id = '';
  #model = '';
  #calls = 0;

  push(event: string, data: string): readonly CallEvent[] {
    const value = parsed(data);
    if (!isFields(value) || this.#ended) return [];
    const body = google(value);
    const error = readGeminiError(event === 'error' && !isFields(body['error']) ? { error: body } : body);
    if (error !== undefined) return [{ type: 'error', error }];
    const candidates = list(body['candidates']).map(google);
    const events = [...this.#start(body), ...candidates.flatMap((each) => this.#candidate(each))];
    if (candidates.length === 0 && blockReason(body) !== '') events.push(...this.#finish(0, 'content_filter'));
    if (saysUsage(body)) events.push(...this.#count(body, candidates));
    const finished = [...this.#choices.values()];
    if (finished.length > 0 && finished.every((choice) => choice.finished)) {
      this.#ended = true;
      events.push({ type: 'end' });
    }
    return events;
  }

  #start(body: Fields): readonly CallEvent[] {
    if (this.#started || (body['candidates'] === undefined && body['responseId'] === undefined)) return [];
    this.#started = true;
    this.#id = text(body['responseId']);
    this.#model = text(body['modelVersion']);
    return [{ type: 'start', id: this.#id, model: this.#model }];
  }

  #count(body: Fields, candidates: readonly Fields[]): readonly CallEvent[] {
    const usage = withSearches(readGeminiUsage(body['usageMetadata']), candidates, this.#model);
    return usage === undefined ? [] : [{ type: 'usage', usage, ...tierOf(body['usageMetadata']) }];
  }

  #candidate(candidate: Fields): readonly CallEvent[] {
    const index = count(candidate['index']) ?? 0;
    const choice = typeof index === 'number' ? index : 0;
    const state = this.#choice(choice);
    if (state.finished) return [];
    const events: CallEvent[] = [];
    for (const each of list(google(candidate['content'])['parts'])) {
      const part = readPart(each);
      if (part !== undefined) this.#part({ choice, state, events }, part);
    }
    events.push(...cite(state, choice, candidate));
    const reason = text(candidate['finishReason']);
    // CONTINUATION and FINISH_REASON_UNSPECIFIED end nothing.
    if (reason === '' || reason === 'CONTINUATION' || reason.endsWith('UNSPECIFIED')) return events;
    return [...events, ...this.#finish(choice, geminiFinish(reason, state.called))];
  }

  #part(into: Into, part: Part): void {
    const { choice, state, events } = into;
    const goesOn = state.open?.type === part.type && !state.open.sealed;
    if (!goesOn) {
      events.push(...close(state, choice), { type: 'open', choice, index: state.next++, part: this.#opened(part) });
      state.open = { type: part.type, sealed: false };
      if (part.type === 'text') state.said = '';
    }
    if (part.type === 'text' || part.type === 'reasoning') {
      grow(into, part);
      return;
    }
    if (part.type === 'tool_call') {
      state.called = true;
      events.push({ type: 'delta', choice, index: state.next - 1, text: JSON.stringify(part.arguments) });
    }
    events.push(...close(state, choice));
  }

  /** A part before its content; calls come whole, their arguments follow as one piece. */
  #opened(part: Part): Part {
    switch (part.type) {
      case 'text':
      case 'reasoning':
        return { type: part.type, content: '' };
      case 'tool_call':
        return { ...part, id: part.id || callId(this.#id, this.#calls++), arguments: undefined };
      default:
        return part;
    }
  }

  #finish(choice: number, reason: string): readonly CallEvent[] {
    const state = this.#choice(choice);
    state.finished = true;
    return [...close(state, choice), { type: 'finish', choice, reason }];
  }

  #choice(index: number): ChoiceSoFar {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice: ChoiceSoFar = { next: 0, open: undefined, said: '', called: false, finished: false };
    this.#choices.set(index, choice);
    return choice;
  }
}

/** More of a text or a thought; its signature ends it. */
function grow({ choice, state, events }: Into, part: TextPart | ReasoningPart): void {
  const index = state.next - 1;
  if (part.content !== '') events.push({ type: 'delta', choice, index, text: part.content });
  if (part.type === 'text') state.said += part.content;
  if (part.seal === undefined || state.open === undefined) return;
  state.open.sealed = true;
  events.push({ type: 'mark', choice, index, seal: part.seal });
}

function close(state: ChoiceSoFar, choice: number): readonly CallEvent[] {
  if (state.open === undefined) return [];
  state.open = undefined;
  return [{ type: 'close', choice, index: state.next - 1 }];
}

/** Sources come with the last piece of the text they are about. */
function cite(state: ChoiceSoFar, choice: number, candidate: Fields): readonly CallEvent[] {
  if (state.open?.type !== 'text') return [];
  const index = state.next - 1;
  return readCitations(candidate, state.said).map((citation) => ({ type: 'mark', choice, index, citation }));
}
