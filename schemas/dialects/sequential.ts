// For dialects that send one part after the other, each closed before the next opens: events of parts that overlap are
// put into that order. Servers stream their parts one by one, so nothing waits as a rule; where calls really are
// interleaved, the later one waits until the arguments of the earlier are whole.

import type { CallEvent } from '../call.ts';

type PartEvent = Extract<CallEvent, { readonly index: number }>;

interface OpenPart {
  readonly index: number;
  readonly tool: boolean;
  arguments: string;
}

/** One choice's events in sequence. Others (start, usage, error, end) pass as they come. */
export class Sequential {
  #current: OpenPart | undefined;
  #waiting: PartEvent[] = [];

  push(event: CallEvent): readonly CallEvent[] {
    if (event.type === 'finish' || event.type === 'end' || event.type === 'error') return [...this.#drain(), event];
    if (!('index' in event)) return [event];
    const out: CallEvent[] = [];
    this.#part(event, out);
    return out;
  }

  #part(event: PartEvent, out: CallEvent[]): void {
    const current = this.#current;
    if (current === undefined || event.index === current.index) {
      this.#pass(event, out);
      return;
    }
    if (this.#waiting.length === 0 && event.type === 'open' && isWhole(current)) {
      out.push({ type: 'close', choice: event.choice, index: current.index });
      this.#pass(event, out);
      return;
    }
    this.#waiting.push(event);
  }

  #pass(event: PartEvent, out: CallEvent[]): void {
    if (event.type === 'open')
      this.#current = { index: event.index, tool: event.part.type === 'tool_call', arguments: '' };
    // A part that was closed for the next one may still be told so; a delta for it comes too late for any client.
    else if (this.#current === undefined) return;
    if (event.type === 'delta' && this.#current?.tool === true) this.#current.arguments += event.text;
    out.push(event);
    if (event.type !== 'close') return;
    this.#current = undefined;
    this.#next(out);
  }

  /** A part ended: the next one that waits has its turn. */
  #next(out: CallEvent[]): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#part(event, out);
  }

  #drain(): readonly CallEvent[] {
    const out: CallEvent[] = [];
    while (this.#current !== undefined) {
      const choice = this.#waiting[0]?.choice ?? 0;
      this.#pass({ type: 'close', choice, index: this.#current.index }, out);
    }
    return out;
  }
}

/** A tool call's arguments are over when they are JSON; a text is over when something else begins. */
function isWhole({ tool, arguments: text }: OpenPart): boolean {
  if (!tool) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
