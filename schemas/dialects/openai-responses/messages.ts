// The conversation of a Responses request, written: what an assistant thought, said and called becomes items in order.

import type { Call, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../../call.ts';
import { argumentsText, customNames, dataUrl, textOf, writeAudio } from '../openai.ts';
import type { Fields } from '../read.ts';
import type { Quirks } from '../types.ts';
import { failedText, inexpressible, resultParts } from '../write.ts';

interface WrittenItems {
  readonly instructions: string | undefined;
  readonly input: readonly Fields[];
  /** Thoughts go back to it. */
  readonly sealed: boolean;
}

/** @throws Inexpressible where a part has no place in an item */
export function writeItems(call: Call, quirks: Quirks): WrittenItems {
  const writer = new ItemWriter(call);
  for (const { role, parts } of call.messages) {
    if (role === 'assistant') writer.assistant(parts);
    else writer.others(role === 'developer' && quirks.noDeveloperRole === true ? 'system' : role, parts);
  }
  const instructions = call.system.map((part) => textOf(part, call)).join('\n\n');
  return { instructions: instructions === '' ? undefined : instructions, input: writer.items, sealed: writer.sealed };
}

class ItemWriter {
  readonly items: Fields[] = [];
  sealed = false;
  readonly #call: Call;
  readonly #custom: ReadonlySet<string>;
  /** Calls of tools that take free text: their results are items of another type. */
  readonly #customCalls = new Set<string>();

  constructor(call: Call) {
    this.#call = call;
    this.#custom = customNames(call);
  }

  assistant(parts: readonly Part[]): void {
    let said: Fields[] = [];
    const flush = () => {
      if (said.length > 0) this.items.push({ type: 'message', role: 'assistant', content: said });
      said = [];
    };
    for (const part of parts) {
      const text = outputText(part);
      if (text !== undefined) {
        said.push(text);
        continue;
      }
      flush();
      if (part.type === 'tool_call') this.#toolCall(part);
      else if (part.type === 'reasoning') this.#thought(part);
      else throw inexpressible(this.#call, part, `A part of type ${part.type} of an assistant`);
    }
    flush();
  }

  others(role: string, parts: readonly Part[]): void {
    for (const part of parts) if (part.type === 'tool_call_response') this.#result(part);
    const said = parts.filter((part) => part.type !== 'tool_call_response');
    if (said.length === 0) return;
    const content = said.map((part) => this.#inputPart(part));
    this.items.push({ type: 'message', role: role === 'tool' ? 'user' : role, content });
  }

  #toolCall({ id, name, arguments: value }: ToolCallPart): void {
    const text = argumentsText(value);
    if (!this.#custom.has(name)) {
      this.items.push({ type: 'function_call', call_id: id, name, arguments: text });
      return;
    }
    this.#customCalls.add(id);
    this.items.push({ type: 'custom_tool_call', call_id: id, name, input: text });
  }

  /** Only what it sealed itself can be read by it. */
  #thought({ content, seal }: ReasoningPart): void {
    if (seal?.family !== 'openai') return;
    this.sealed = true;
    const summary = content === '' ? [] : [{ type: 'summary_text', text: content }];
    const id = seal.id ?? `rs_${this.items.length}`;
    this.items.push({ type: 'reasoning', id, summary, encrypted_content: seal.value });
  }

  #result({ id, response, is_error: failed }: ToolResultPart): void {
    const parts = resultParts(response);
    const [only] = parts;
    const alone = parts.length === 1 && only?.type === 'text' ? only.content : undefined;
    const output = alone ?? parts.map((part) => this.#inputPart(part));
    const said = failed !== true ? output : typeof output === 'string' ? failedText(output) : [ERROR, ...output];
    const type = this.#customCalls.has(id) ? 'custom_tool_call_output' : 'function_call_output';
    this.items.push({ type, call_id: id, output: said });
  }

  #inputPart(part: Part): Fields {
    switch (part.type) {
      case 'uri':
        if (part.modality === 'image') return image({ image_url: part.uri }, part.detail);
        if (part.modality === 'document') return { type: 'input_file', file_url: part.uri };
        break;
      case 'blob':
        if (part.modality === 'image') return image({ image_url: dataUrl(part) }, part.detail);
        if (part.modality === 'audio') return { type: 'input_audio', input_audio: writeAudio(part) };
        if (part.modality === 'document')
          return { type: 'input_file', filename: part.name ?? 'document', file_data: dataUrl(part) };
        break;
      case 'file':
        if (part.modality === 'image') return image({ file_id: part.file_id }, undefined);
        if (part.modality === 'document') return { type: 'input_file', file_id: part.file_id };
        break;
      default:
        return { type: 'input_text', text: textOf(part, this.#call) };
    }
    throw inexpressible(this.#call, part, `A part of type ${part.type} with ${part.modality}`);
  }
}

const ERROR: Fields = { type: 'input_text', text: 'Error:' };

function outputText(part: Part): Fields | undefined {
  if (part.type === 'text') return { type: 'output_text', text: part.content, annotations: [] };
  return part.type === 'refusal' ? { type: 'refusal', refusal: part.content } : undefined;
}

function image(source: Fields, detail: string | undefined): Fields {
  return { type: 'input_image', ...source, detail: detail ?? 'auto' };
}
