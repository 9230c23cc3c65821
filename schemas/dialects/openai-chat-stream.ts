// Chat completion chunks put together: several choices, tool-call arguments in pieces by index, the usage chunk at the end.

import { UsageSoFar } from './assemble.ts';
import type { Assembler } from './assemble.ts';
import { fields, isFields, list, text } from './read.ts';
import type { Fields } from './read.ts';

interface ToolCallSoFar {
  id: string;
  name: string;
  arguments: string;
}

class ChoiceSoFar {
  content = '';
  reasoning = '';
  refusal = '';
  transcript = '';
  finish: unknown = null;
  readonly #calls = new Map<unknown, ToolCallSoFar>();
  #lastCall: unknown = 0;

  take(choice: Fields): void {
    const delta = fields(choice['delta']);
    // Legacy completions of some servers carry `text` instead of a delta.
    this.content += text(delta['content']) || text(choice['text']);
    this.reasoning += text(delta['reasoning_content']) || text(delta['reasoning']);
    this.refusal += text(delta['refusal']);
    this.transcript += text(fields(delta['audio'])['transcript']);
    for (const call of list(delta['tool_calls'])) this.#toolCall(fields(call));
    if (isFields(delta['function_call'])) this.#toolCall({ index: 0, function: delta['function_call'] });
    this.finish = choice['finish_reason'] ?? this.finish;
  }

  body(): Fields {
    const calls = [...this.#calls.values()];
    return {
      message: {
        reasoning_content: this.reasoning,
        content: this.content,
        refusal: this.refusal,
        ...(this.transcript === '' ? {} : { audio: { transcript: this.transcript } }),
        tool_calls: calls.map(({ id, ...called }) => ({ id, function: called })),
      },
      finish_reason: this.finish,
    };
  }

  #toolCall(piece: Fields): void {
    const called = isFields(piece['custom']) ? piece['custom'] : fields(piece['function']);
    const call = this.#callOf(piece);
    call.id ||= text(piece['id']);
    call.name ||= text(called['name']);
    call.arguments += text(called['arguments']) || text(called['input']);
  }

  /** By index; where a server leaves it out, a new id is a new call and a piece without one belongs to the last. */
  #callOf(piece: Fields): ToolCallSoFar {
    const key = piece['index'] ?? (text(piece['id']) || this.#lastCall);
    this.#lastCall = key;
    const known = this.#calls.get(key);
    if (known) return known;
    const call = { id: '', name: '', arguments: '' };
    this.#calls.set(key, call);
    return call;
  }
}

export class ChatAssembler implements Assembler {
  readonly #choices = new Map<unknown, ChoiceSoFar>();
  readonly #usage = new UsageSoFar();
  #id = '';
  #model = '';

  take(type: string, chunk: Fields): boolean {
    if (type === '[DONE]') return true;
    this.#id ||= text(chunk['id']);
    this.#model = text(chunk['model']) || this.#model;
    this.#usage.add(chunk['usage'] ?? fields(chunk['x_groq'])['usage']);
    for (const choice of list(chunk['choices'])) this.#choice(fields(choice)['index'] ?? 0).take(fields(choice));
    return false;
  }

  body(): Fields {
    const choices = [...this.#choices].sort(([a], [b]) => Number(a) - Number(b));
    return {
      id: this.#id,
      model: this.#model,
      choices: choices.map(([, choice]) => choice.body()),
      usage: this.#usage.value,
    };
  }

  #choice(index: unknown): ChoiceSoFar {
    const known = this.#choices.get(index);
    if (known) return known;
    const choice = new ChoiceSoFar();
    this.#choices.set(index, choice);
    return choice;
  }
}
