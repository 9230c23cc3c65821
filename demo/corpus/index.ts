// The corpus of prompts and answers (exchanges.json: a shop's customers, reviews, extraction, questions over the
// handbook in documents.json, summaries, agent tasks; six languages). An exchange is asked with its blanks filled,
// and recognised again from the text.

import type { Random } from '../random.ts';
import documents from './documents.json' with { type: 'json' };
import exchanges from './exchanges.json' with { type: 'json' };

export type Task = 'support' | 'review' | 'extract' | 'rag' | 'summary' | 'agent' | 'follow_up';

/** `{name}` in ask and answer marks a blank. */
export interface Exchange {
  readonly task: Task;
  readonly language: 'en' | 'de' | 'fr' | 'es' | 'ja' | 'pt';
  readonly ask: string;
  readonly answer: string;
}

const ALL = exchanges as readonly Exchange[];
const BLANKS: Readonly<Record<string, readonly string[]>> = documents.blanks;

/** Numbered passages that questions over documents quote from. */
export const DOCUMENTS: readonly string[] = documents.handbook;

const BLANK = /\{([a-z]+)\}/g;

interface Pattern {
  readonly exchange: Exchange;
  /** Literal text of the question: a cheap first look. */
  readonly cue: string;
  readonly pattern: RegExp;
}

const PATTERNS: readonly Pattern[] = ALL.map((exchange) => ({
  exchange,
  cue:
    exchange.ask
      .split(BLANK)
      .filter((_, at) => at % 2 === 0)
      .sort((a, b) => b.length - a.length)[0] ?? '',
  pattern: patternOf(exchange.ask),
}));

function patternOf(template: string): RegExp {
  const seen = new Set<string>();
  const parts = template.split(BLANK).map((part, at) => {
    if (at % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (seen.has(part)) return `\\k<${part}>`;
    seen.add(part);
    return `(?<${part}>.+?)`;
  });
  return new RegExp(parts.join(''), 's');
}

/** An exchange of the task, for preference in the language. */
export function pickExchange(task: Task, random: Random, language?: string): Exchange | undefined {
  const fitting = ALL.filter((exchange) => exchange.task === task);
  const spoken = fitting.filter((exchange) => exchange.language === language);
  const choice = language === undefined ? fitting : spoken;
  return choice.length > 0 ? random.pick(choice) : undefined;
}

/** The question with its blanks filled. */
export function ask(exchange: Exchange, random: Random): string {
  const values: Record<string, string> = {
    order: String(random.int(10_000, 99_999)),
    invoice: `INV-${random.int(1000, 9999)}`,
  };
  return exchange.ask.replace(BLANK, (_whole, name: string) => (values[name] ??= random.pick(BLANKS[name] ?? [name])));
}

/** The corpus's answer to a text that contains one of its questions. */
export function recall(text: string): string | undefined {
  for (const { exchange, cue, pattern } of PATTERNS) {
    if (!text.includes(cue)) continue;
    const match = pattern.exec(text);
    if (match === null) continue;
    return exchange.answer.replace(BLANK, (_whole, name: string) => match.groups?.[name] ?? name);
  }
  return undefined;
}
