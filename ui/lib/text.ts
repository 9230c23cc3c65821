// Text of prompts and answers, cut into what a page can show: never as HTML.

export interface Block {
  readonly kind: 'text' | 'code';
  readonly language: string;
  readonly content: string;
}

const FENCE = /^[ \t]{0,3}```([^\n`]*)\n([\s\S]*?)(?:\n[ \t]{0,3}```[ \t]*$|$(?![\s\S]))/gm;

/** Splits at fenced code; a fence that never closes runs to the end, as it does while an answer is streaming. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    push(found, text.slice(from, match.index));
    found.push({ kind: 'code', language: (match[1] ?? '').trim(), content: match[2] ?? '' });
    from = match.index + match[0].length;
  }
  push(found, text.slice(from));
  return found;
}

function push(found: Block[], content: string): void {
  const text = content.replace(/^\n+|\n+$/g, '');
  if (text !== '') found.push({ kind: 'text', language: '', content: text });
}

/** A value as a person would type it: strings that hold JSON are laid out, everything else as JSON. */
export function pretty(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2) ?? '';
  const text = value.trim();
  if (!/^[[{]/.test(text)) return value;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return value;
  }
}

/** One line of it, for a folded row. */
export function oneLine(value: unknown, most = 120): string {
  const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replace(/\s+/g, ' ').trim();
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
