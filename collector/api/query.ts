// The query language: `model:gpt-5 status:error duration:>2s cost:>0.01 -provider:openai tag.feature:chat "free text"`.
// Terms are joined by and, commas inside a term by or, `*` stands for any characters, a leading `-` negates.
// What a key means is in collector/store/filter.ts; nothing of the text reaches the store but as a checked value.

import { parseDuration } from '../../schemas/units.ts';
import { KEYS, keySpec, type Comparison, type Condition, type Filter, type KeySpec } from '../store/filter.ts';

/** A query that makes no sense, with the place where. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  /** Counted from 0. */
  readonly position: number;

  constructor(position: number, message: string) {
    super(`${message} (at character ${position + 1})`);
    this.position = position;
  }
}

const MAX_LENGTH = 2_000;
const MAX_TERMS = 30;
const MAX_VALUES = 50;
const KEY = /^([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_.:/-]{1,200})?):/;

interface Word {
  readonly at: number;
  readonly key: string | undefined;
  readonly negated: boolean;
  readonly comparison: Comparison | undefined;
  readonly values: readonly string[];
  /** A bare word or phrase. */
  readonly text: string;
}

/** @throws QueryError */
export function parseQuery(query: string): Filter {
  if (query.length > MAX_LENGTH) throw new QueryError(MAX_LENGTH, `a query has at most ${MAX_LENGTH} characters`);
  const filter: Condition[] = [];
  const scanner = new Scanner(query);
  for (let word = scanner.next(); word; word = scanner.next()) {
    if (filter.length >= MAX_TERMS) throw new QueryError(word.at, `a query has at most ${MAX_TERMS} terms`);
    filter.push(conditionOf(word));
  }
  return filter;
}

function conditionOf(word: Word): Condition {
  const { key, negated, values, at } = word;
  if (key === undefined) {
    if (word.text.trim() === '') throw new QueryError(at, 'there is nothing to search for');
    return { kind: 'text', text: word.text, negated };
  }
  const spec = keySpec(key);
  if (!spec)
    throw new QueryError(
      at,
      `there is no key "${key}"; there are ${Object.keys(KEYS).join(', ')}, tag.NAME and attr.NAME`,
    );
  if (spec.kind === 'number') return numeric(word, key, spec);
  if (word.comparison !== undefined) throw new QueryError(at, `"${key}" cannot be compared with ${word.comparison}`);
  checkValues(word, key, spec);
  return { kind: 'is', key, values: spec.kind === 'id' ? values.map((value) => value.toLowerCase()) : values, negated };
}

function checkValues(word: Word, key: string, spec: KeySpec): void {
  const { at, values } = word;
  if (values.length > MAX_VALUES) throw new QueryError(at, `"${key}" takes at most ${MAX_VALUES} values`);
  const choices = spec.kind === 'flag' ? ['true', 'false'] : spec.choices;
  for (const value of values) {
    if (choices && !choices.includes(value)) throw new QueryError(at, `"${key}" must be ${choices.join(' or ')}`);
    if (spec.kind === 'id' && !/^[0-9a-fA-F]{32}$/.test(value))
      throw new QueryError(at, `"${key}" must be 32 hex digits`);
  }
  if (spec.kind === 'flag' && values.length !== 1) throw new QueryError(at, `"${key}" must be true or false`);
}

function numeric(word: Word, key: string, spec: KeySpec): Condition {
  const { at, negated, comparison = '=' } = word;
  if (word.values.length > MAX_VALUES) throw new QueryError(at, `"${key}" takes at most ${MAX_VALUES} values`);
  const values = word.values.map((value) => numberOf(value, spec, at, key));
  if (comparison !== '=' && values.length > 1) throw new QueryError(at, `"${key}:${comparison}" takes one value`);
  return { kind: 'compare', key, comparison, values, negated };
}

// oxlint-disable-next-line max-params -- a value and where it stands
function numberOf(text: string, spec: KeySpec, at: number, key: string): number {
  const value = spec.unit === 'usd' ? text.replace(/^\$/, '') : text;
  if (spec.unit === 'duration_ns' || spec.unit === 'duration_us') {
    const duration = /^\d+(?:\.\d+)?us$/.test(value) ? Number(value.slice(0, -2)) / 1000 : parseDuration(value);
    if (duration === undefined) throw new QueryError(at, `"${key}" must be a duration like 250ms or 2s`);
    return Math.round(duration * (spec.unit === 'duration_ns' ? 1e6 : 1e3));
  }
  const match = /^(\d{1,15}(?:\.\d{1,12})?)(k|M)?$/.exec(value);
  if (!match) throw new QueryError(at, `"${key}" must be a number${spec.unit === 'usd' ? ' of US dollars' : ''}`);
  return Number(match[1]) * (match[2] === 'k' ? 1e3 : match[2] === 'M' ? 1e6 : 1);
}

/** Cuts a query into words. A quoted value keeps its spaces, commas and stars as they are. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Word | undefined {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
    if (this.#at >= this.#text.length) return undefined;
    const at = this.#at;
    const negated = this.#text.charAt(at) === '-' && /\S/.test(this.#text.charAt(at + 1));
    if (negated) this.#at++;
    const key = KEY.exec(this.#text.slice(this.#at))?.[1];
    if (key === undefined) return { at, key, negated, comparison: undefined, values: [], text: this.#value(false) };
    this.#at += key.length + 1;
    const sign = /^(?:<=|>=|<|>|=)/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] as Comparison | undefined;
    this.#at += sign?.length ?? 0;
    const values = [this.#value(true)];
    while (this.#text.charAt(this.#at) === ',') {
      this.#at++;
      values.push(this.#value(true));
    }
    return { at, key, negated, comparison: sign, values, text: '' };
  }

  /** @param inKey a comma ends it, and a star in quotes is a plain star */
  #value(inKey: boolean): string {
    if (this.#text.charAt(this.#at) === '"') return this.#quoted(inKey);
    const start = this.#at;
    const end = inKey ? /[\s,]/ : /\s/;
    while (this.#at < this.#text.length && !end.test(this.#text.charAt(this.#at))) this.#at++;
    const value = this.#text.slice(start, this.#at);
    if (inKey && value === '') throw new QueryError(start, 'a value is missing; "" means empty');
    return value;
  }

  #quoted(inKey: boolean): string {
    const start = this.#at;
    let value = '';
    for (this.#at++; this.#text.charAt(this.#at) !== '"'; this.#at++) {
      if (this.#at >= this.#text.length) throw new QueryError(start, 'the closing quote is missing');
      if (this.#text.charAt(this.#at) === '\\') this.#at++;
      const character = this.#text.charAt(this.#at);
      value += inKey && character === '*' ? '\\*' : character;
    }
    this.#at++;
    return value;
  }
}
