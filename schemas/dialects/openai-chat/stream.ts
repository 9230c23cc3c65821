// Chat completion chunks, read and written. Chunks have no beginnings and ends of parts: a text begins with its first
// piece and is over when something else begins; tool calls have an index and may grow beside each other until the end.

import type { CallEvent, Part, ReasoningPart, RefusalPart, Seal, TextPart } from '../../call.ts';
import { readCitation } from '../openai.ts';
import { fields, isFields, list, mergeUsage, parsed, readError, text } from '../read.ts';
import type { Fields } from '../read.ts';
import type { EventDecoder } from '../types.ts';
import { callId, chatFinish, readChatUsage } from './answer.ts';
import { readPart } from './parts.ts';
import { plainThought, readDetail, readSealContent } from './thoughts.ts';
import type { Detail } from './thoughts.ts';

type Out = CallEvent[];

/** A part that grows by text: at most one a choice is open at a time. */
interface Growing {
  readonly type: 'text' | 'reasoning' | 'refusal';
  readonly index: number;
  /** Of a thought: whose entries of `reasoning_details` belong to it. */
  key: string | undefined;
  text: string;
  sealed: boolean;
}

interface CallSoFar {
  readonly index: number;
  opened: boolean;
  id: string;
  name: string;
  /** Arguments that came before the name. */
  waiting: string;
  readonly seal: Seal | undefined;
}

class Choice {
  readonly #number: number;
  readonly #answer: () => string;
  #parts = 0;
  #growing: Growing | undefined;
  readonly #calls = new Map<unknown, CallSoFar>();
  #lastCall: unknown = 0;
  #finished = false;

  constructor(number: number, answer: () => string) {
    this.#number = number;
    this.#answer = answer;
  }

  push(choice: Fields, out: Out): void {
    const delta = fields(choice['delta']);
    this.#think(delta, out);
    // Legacy completions of some servers carry `text` instead of a delta; of a spoken answer the transcript is kept.
    this.#say('text', text(delta['content']) || text(choice['text']), out);
    for (const part of list(delta['content']).map(readPart))
      if (part.type === 'text' || part.type === 'reasoning') this.#say(part.type, part.content, out);
    this.#say('text', text(fields(delta['audio'])['transcript']), out);
    this.#cite(delta['annotations'], out);
    this.#say('refusal', text(delta['refusal']), out);
    for (const image of list(delta['images'])) this.#whole(readPart(image), out);
    for (const call of list(delta['tool_calls'])) this.#call(fields(call), out);
    if (isFields(delta['function_call'])) this.#call({ index: 0, function: delta['function_call'] }, out);
    if (typeof choice['finish_reason'] === 'string') this.finish(choice['finish_reason'], out);
  }

  /** @param reason undefined: the stream ends without one */
  finish(reason: string | undefined, out: Out): void {
    if (this.#finished) return;
    this.#closeGrowing(out);
    for (const call of this.#calls.values()) {
      this.#open(call, out);
      out.push({ type: 'close', choice: this.#number, index: call.index });
    }
    this.#calls.clear();
    if (reason === undefined) return;
    this.#finished = true;
    out.push({ type: 'finish', choice: this.#number, reason: chatFinish(reason) });
  }

  #think(delta: Fields, out: Out): void {
    const details = list(delta['reasoning_details']).map(readDetail);
    const plain = plainThought(delta);
    const inDetails = details.some((detail) => detail.text !== '');
    if (!inDetails) this.#say('reasoning', plain, out);
    for (const detail of details) this.#detail(detail, inDetails && plain === '', out);
  }

  /** @param alone nothing of it is said as plain text in the same chunk */
  #detail({ key, text, seal }: Detail, ...[alone, out]: [boolean, Out]): void {
    const open = this.#thoughtOf(key, seal);
    // The whole thought once more, which went out as plain text before: what is new is its seal.
    const repeated = alone && open?.key === undefined && open?.text === text;
    const part =
      open ?? this.#begin({ type: 'reasoning', content: '', ...(text === '' ? { redacted: true } : {}) }, out);
    if (!repeated && text !== '') this.#grow(part, text, out);
    part.key = key;
    if (seal === undefined) return;
    part.sealed = true;
    out.push({ type: 'mark', choice: this.#number, index: part.index, seal });
  }

  /** The open thought, where an entry can be of it. */
  #thoughtOf(key: string, seal: Seal | undefined): Growing | undefined {
    const open = this.#growing;
    if (open?.type !== 'reasoning' || key === '' || (open.key ?? key) !== key) return undefined;
    return open.sealed && seal !== undefined ? undefined : open;
  }

  #say(type: Growing['type'], text: string, out: Out): void {
    if (text === '') return;
    const open = this.#growing;
    const same = open?.type === type && !(type === 'reasoning' && open.sealed);
    this.#grow(same ? open : this.#begin({ type, content: '' }, out), text, out);
  }

  #begin(part: TextPart | ReasoningPart | RefusalPart, out: Out): Growing {
    this.#closeGrowing(out);
    const index = this.#parts++;
    this.#growing = { type: part.type, index, key: undefined, text: '', sealed: false };
    out.push({ type: 'open', choice: this.#number, index, part });
    return this.#growing;
  }

  #grow(part: Growing, text: string, out: Out): void {
    if (part.type === 'reasoning') part.text += text;
    out.push({ type: 'delta', choice: this.#number, index: part.index, text });
  }

  #closeGrowing(out: Out): void {
    if (this.#growing !== undefined) out.push({ type: 'close', choice: this.#number, index: this.#growing.index });
    this.#growing = undefined;
  }

  #cite(annotations: unknown, out: Out): void {
    for (const annotation of list(annotations)) {
      const citation = readCitation(annotation);
      if (citation === undefined) continue;
      const part = this.#growing?.type === 'text' ? this.#growing : this.#begin({ type: 'text', content: '' }, out);
      out.push({ type: 'mark', choice: this.#number, index: part.index, citation });
    }
  }

  #whole(part: Part, out: Out): void {
    this.#closeGrowing(out);
    const index = this.#parts++;
    out.push({ type: 'open', choice: this.#number, index, part }, { type: 'close', choice: this.#number, index });
  }

  #call(piece: Fields, out: Out): void {
    const called = isFields(piece['custom']) ? piece['custom'] : fields(piece['function']);
    const call = this.#callOf(piece, out);
    call.id ||= text(piece['id']);
    call.name ||= text(called['name']);
    const more = text(called['arguments']) || text(called['input']);
    if (!call.opened && call.name === '') {
      call.waiting += more;
      return;
    }
    this.#open(call, out);
    if (more !== '') out.push({ type: 'delta', choice: this.#number, index: call.index, text: more });
  }

  #open(call: CallSoFar, out: Out): void {
    if (call.opened) return;
    call.opened = true;
    const { index, name, seal, waiting } = call;
    const id = call.id || callId(this.#answer(), index);
    const part = {
      type: 'tool_call',
      id,
      name,
      arguments: undefined,
      ...(seal === undefined ? {} : { seal }),
    } as const;
    out.push({ type: 'open', choice: this.#number, index, part });
    if (waiting !== '') out.push({ type: 'delta', choice: this.#number, index, text: waiting });
  }

  /** By index; where a server leaves it out, a new id is a new call and a piece without one belongs to the last. */
  #callOf(piece: Fields, out: Out): CallSoFar {
    const key = piece['index'] ?? (text(piece['id']) || this.#lastCall);
    this.#lastCall = key;
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    this.#closeGrowing(out);
    const { seal } = readSealContent(piece);
    const call: CallSoFar = { index: this.#parts++, opened: false, id: '', name: '', waiting: '', seal };
    this.#calls.set(key, call);
    return call;
  }
}

export class ChatDecoder implements EventDecoder {
  readonly #choices = new Map<number, Choice>();
  #id = '';
  #model = '';
  #usage: Fields | undefined;
  #serviceTier = '';
  #ended = false;

  push(event: string, data: string): readonly CallEvent[] {
    if (this.#ended) return [];
    const out: Out = [];
    if (data === '[DONE]') {
      this.#ended = true;
      for (const choice of this.#choices.values()) choice.finish(undefined, out);
      return [...out, { type: 'end' }];
    }
    const chunk = parsed(data);
    if (!isFields(chunk)) return out;
    const error = readError(event === 'error' && !('error' in chunk) ? { error: chunk } : chunk);
    if (error !== undefined) out.push({ type: 'error', error });
    this.#start(chunk, out);
    for (const choice of list(chunk['choices'])) this.#choice(fields(choice)['index'] ?? 0).push(fields(choice), out);
    this.#count(chunk, out);
    return out;
  }

  #start(chunk: Fields, out: Out): void {
    const id = this.#id || text(chunk['id']);
    const model = text(chunk['model']) || this.#model;
    if (id === this.#id && model === this.#model) return;
    this.#id = id;
    this.#model = model;
    out.push({ type: 'start', id, model });
  }

  /** Every chunk may say some of it, the last word on each number counts. */
  #count(chunk: Fields, out: Out): void {
    this.#serviceTier = text(chunk['service_tier']) || this.#serviceTier;
    const said = chunk['usage'] ?? fields(chunk['x_groq'])['usage'];
    if (!isFields(said)) return;
    this.#usage = mergeUsage(this.#usage, said);
    const usage = readChatUsage(this.#usage);
    if (usage === undefined) return;
    out.push({ type: 'usage', usage, ...(this.#serviceTier === '' ? {} : { serviceTier: this.#serviceTier }) });
  }

  /** An index that is none belongs to the first, as one that is missing. */
  #choice(index: unknown): Choice {
    const number = typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : 0;
    const known = this.#choices.get(number);
    if (known !== undefined) return known;
    const choice = new Choice(number, () => this.#id);
    this.#choices.set(number, choice);
    return choice;
  }
}
