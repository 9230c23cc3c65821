// Tokens of calls whose provider did not count them, from the conversation that was captured or sent along. What the
// proxy measured by the byte is counted again where all of the text is here; what nobody measured is counted for the
// first time. Always marked as estimated.

import { isModelCall, type IoRow, type SpanRow } from '../../schemas/span.ts';
import { tokenCounter } from '../tokens.ts';
import type { Processor } from './types.ts';

export const estimate: Processor = {
  id: 'estimate',
  summary: 'Counts tokens where the provider did not',
  create: ({ now }) => {
    const count = tokenCounter(now);
    return (item) => {
      if (item.io === undefined || !isUncounted(item.row) || isCut(item.io)) return;
      const input = read(item.io.input);
      const output = read(item.io.output);
      if (output.text === '' && item.row.op !== 'embeddings') return;
      fill(item.row, {
        input: count(input.text) + FRAME * (input.messages + 1),
        output: output.text === '' ? 0 : count(output.text),
      });
    };
  },
};

/** Tokens that frame each message, and the answer, in chat formats. */
const FRAME = 3;

/** Ours are `none` where there was no answer to bill; others' are `none` where nobody said anything. */
function isUncounted(row: SpanRow): boolean {
  if (!isModelCall(row)) return false;
  // Of an answer that broke off the provider may have said the input: the proxy's mixture is better than a new count.
  if (row.usage_source === 'estimated') return row.finish_reason !== 'error';
  return row.source !== 'gateway' && row.usage_source === 'none' && row.status !== 'error';
}

function isCut({ raw_request, raw_response, request_size, response_size }: IoRow): boolean {
  return Buffer.byteLength(raw_request) < request_size || Buffer.byteLength(raw_response) < response_size;
}

function fill(row: SpanRow, { input, output }: { input: number; output: number }): void {
  row.in_tok = input;
  row.in_cache_read = 0;
  row.in_cache_write = 0;
  row.out_tok = output;
  row.out_reasoning = 0;
  row.usage_source = 'estimated';
  if (row.source !== 'gateway') return; // what another sender says it cost is its word
  row.cost_known = false;
  row.cost_usd = 0;
  row.price_id = '';
  row.saved_usd = 0;
}

interface Read {
  readonly text: string;
  readonly messages: number;
}

/** Everything in a stored conversation that a model reads or writes as text. */
function read(json: string): Read {
  if (json === '') return { text: '', messages: 0 };
  const value: unknown = JSON.parse(json);
  const texts: string[] = [];
  collect(value, texts, 0);
  const messages = Array.isArray(value) ? value.length : messagesOf(value);
  return { text: texts.join('\n'), messages };
}

function messagesOf(value: unknown): number {
  const messages = typeof value === 'object' && value !== null && 'messages' in value ? value.messages : [];
  return Array.isArray(messages) ? messages.length : 0;
}

/** Names of fields that are no text of the conversation. */
const FORM: ReadonlySet<string> = new Set([
  'type', 'role', 'id', 'finish_reason', 'modality', 'mime_type', 'uri', 'file_id', 'seal', 'generic_type',
]); // prettier-ignore
const DEEPEST = 32;

function collect(value: unknown, texts: string[], depth: number): void {
  if (typeof value === 'string') texts.push(value);
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return;
  if (Array.isArray(value)) {
    for (const each of value) collect(each, texts, depth + 1);
    return;
  }
  // Pictures and sounds are billed by rules of their own, not by the letters of their encoding.
  if ('type' in value && value.type === 'blob') return;
  for (const [name, each] of Object.entries(value)) if (!FORM.has(name)) collect(each, texts, depth + 1);
}
