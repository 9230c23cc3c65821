// The conversation of a chat request, written. The API has one message for each tool result and takes texts alone there:
// images of results follow in a user's message behind the last result.

import type { CacheMark, Call, Message, Part, ToolCallPart, ToolResultPart } from '../../call.ts';
import { argumentsText, assistantsJoined, customNames, dataUrl, textOf, writeAudio } from '../openai.ts';
import type { Fields } from '../read.ts';
import type { Quirks } from '../types.ts';
import { failedText, inexpressible, resultParts } from '../write.ts';
import { sealContent, writeDetails } from './thoughts.ts';

interface Manner {
  readonly quirks: Quirks;
  /** An instruction more. */
  readonly instruction?: string | undefined;
}

/** @throws Inexpressible where a part has no place in a chat message */
export function writeMessages(call: Call, { quirks, instruction }: Manner): readonly Fields[] {
  const system: readonly Part[] =
    instruction === undefined ? call.system : [...call.system, { type: 'text', content: instruction }];
  const writer = new MessageWriter(call, quirks);
  if (system.length > 0) writer.add({ role: 'system', parts: system });
  for (const message of assistantsJoined(call.messages)) writer.add(message);
  return writer.end();
}

class MessageWriter {
  readonly #call: Call;
  readonly #quirks: Quirks;
  readonly #custom: ReadonlySet<string>;
  readonly #out: Fields[] = [];
  /** What tool results brought beside text. */
  #pending: Part[] = [];

  constructor(call: Call, quirks: Quirks) {
    this.#call = call;
    this.#quirks = quirks;
    this.#custom = customNames(call);
  }

  add({ role, parts, name }: Message): void {
    const named = name === undefined ? {} : { name };
    if (role === 'assistant') {
      this.#flush();
      this.#out.push({ ...this.#assistant(parts), ...named });
    } else if (role === 'system' || role === 'developer') {
      this.#flush();
      const texts = parts.map((part) => this.#textPart(part));
      const written = role === 'developer' && this.#quirks.noDeveloperRole === true ? 'system' : role;
      this.#out.push({ role: written, ...named, content: this.#content(texts) });
    } else {
      for (const part of parts) if (part.type === 'tool_call_response') this.#result(part);
      const said = parts.filter((part) => part.type !== 'tool_call_response');
      if (said.length > 0) this.#user(said, named);
    }
  }

  end(): readonly Fields[] {
    this.#flush();
    return this.#out;
  }

  #flush(): void {
    if (this.#pending.length > 0) this.#user([], {});
  }

  #user(parts: readonly Part[], named: Fields): void {
    const content = [...this.#pending, ...parts].map((part) => this.#userPart(part));
    this.#pending = [];
    this.#out.push({ role: 'user', ...named, content: this.#content(content) });
  }

  #result({ id, response, is_error: failed, cache }: ToolResultPart): void {
    const parts = resultParts(response);
    const texts = parts.filter((part) => part.type === 'text');
    const others = parts.filter((part) => part.type !== 'text');
    if (others.length > 0) {
      this.#pending.push({ type: 'text', content: `What tool call ${id} brought beside text:` }, ...others);
    }
    const said = texts.map(({ content }) => content).join('\n');
    const content = failed === true ? failedText(said) : said;
    const marked = cacheControl(cache, this.#quirks);
    const plain = Object.keys(marked).length === 0;
    this.#out.push({
      role: 'tool',
      tool_call_id: this.#id(id),
      content: plain ? content : [{ type: 'text', text: content, ...marked }],
    });
  }

  #assistant(parts: readonly Part[]): Fields {
    const texts = parts.filter((part) => part.type === 'text').map((part) => this.#textPart(part));
    const refusals = parts.flatMap((part) => (part.type === 'refusal' ? [part.content] : []));
    const calls = parts.filter((part) => part.type === 'tool_call');
    const odd = parts.find((part) => !['text', 'refusal', 'tool_call', 'reasoning'].includes(part.type));
    if (odd !== undefined) throw inexpressible(this.#call, odd, `A part of type ${odd.type} of an assistant`);
    return {
      role: 'assistant',
      ...this.#thoughts(parts),
      ...(texts.length === 0 && calls.length + refusals.length > 0
        ? { content: null }
        : { content: this.#content(texts) }),
      ...(refusals.length === 0 ? {} : { refusal: refusals.join('\n') }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => this.#toolCall(call)) }),
    };
  }

  #toolCall(call: ToolCallPart): Fields {
    const written = writeToolCall({ ...call, id: this.#id(call.id) }, this.#custom);
    return { ...written, ...(this.#quirks.thoughts && sealContent(call.seal)) };
  }

  /** Ids are random at their end: what fits of it still tells them apart. */
  #id(id: string): string {
    return this.#quirks.shortIds === true
      ? id
          .replace(/[^A-Za-z0-9]/g, '')
          .slice(-9)
          .padStart(9, '0')
      : id;
  }

  #thoughts(parts: readonly Part[]): Fields {
    const thoughts = parts.filter((part) => part.type === 'reasoning');
    const { thoughts: field } = this.#quirks;
    if (field === undefined) return {};
    if (field === 'reasoning_details')
      return thoughts.length === 0 ? {} : { [field]: thoughts.flatMap((part, at) => writeDetails(part, at)) };
    // DeepSeek refuses calls whose message says nothing of thoughts, were they empty.
    if (thoughts.length === 0 && !parts.some((part) => part.type === 'tool_call')) return {};
    return { [field]: thoughts.map(({ content }) => content).join('\n') };
  }

  /** One text as such; a list where there is more to say. */
  #content(parts: readonly Fields[]): unknown {
    const [only] = parts;
    const texts = parts.every((part) => part['type'] === 'text' && part['cache_control'] === undefined);
    if (!texts) return parts;
    if (parts.length === 1) return only?.['text'];
    return this.#quirks.plainContent === true || parts.length === 0
      ? parts.map((part) => part['text']).join('\n\n')
      : parts;
  }

  #textPart(part: Part): Fields {
    const text = textOf(part, this.#call);
    return { type: 'text', text, ...('cache' in part ? cacheControl(part.cache, this.#quirks) : {}) };
  }

  #userPart(part: Part): Fields {
    return { ...this.#media(part), ...('cache' in part ? cacheControl(part.cache, this.#quirks) : {}) };
  }

  #media(part: Part): Fields {
    const detail = 'detail' in part && part.detail !== undefined ? { detail: part.detail } : {};
    switch (part.type) {
      case 'uri':
        if (part.modality === 'document') break;
        return { type: `${part.modality}_url`, [`${part.modality}_url`]: { url: part.uri, ...detail } };
      case 'blob':
        if (part.modality === 'audio') return { type: 'input_audio', input_audio: writeAudio(part) };
        if (part.modality === 'document')
          return { type: 'file', file: { filename: part.name ?? 'document', file_data: dataUrl(part) } };
        return { type: `${part.modality}_url`, [`${part.modality}_url`]: { url: dataUrl(part), ...detail } };
      case 'file':
        if (part.modality !== 'document') break;
        return { type: 'file', file: { file_id: part.file_id } };
      default:
        return this.#textPart(part);
    }
    throw inexpressible(this.#call, part, `A part of type ${part.type} with ${part.modality}`);
  }
}

export function writeToolCall({ id, name, arguments: value }: ToolCallPart, custom: ReadonlySet<string>): Fields {
  const text = argumentsText(value);
  if (custom.has(name)) return { id, type: 'custom', custom: { name, input: text } };
  return { id, type: 'function', function: { name, arguments: text } };
}

/** A cache mark where the server takes it; elsewhere providers keep what they like. */
export function cacheControl(cache: CacheMark | undefined, quirks: Quirks): Fields {
  if (cache === undefined || quirks.cacheControl !== true) return {};
  return { cache_control: { type: 'ephemeral', ...(cache.ttl === '1h' ? { ttl: '1h' } : {}) } };
}
