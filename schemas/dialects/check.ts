// Reads the fields of a caller's request that must have a type to mean anything. What is absent or null is undefined;
// what has another type is the caller's mistake and is said with its place.

import { isFields } from './read.ts';
import type { Fields } from './read.ts';
import { Inexpressible } from './types.ts';

type Check<Value> = (value: unknown) => value is Value;

const isNumber: Check<number> = (value): value is number => typeof value === 'number' && Number.isFinite(value);
const isText: Check<string> = (value): value is string => typeof value === 'string';
const isFlag: Check<boolean> = (value): value is boolean => typeof value === 'boolean';
const isTexts: Check<readonly string[]> = (value): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);
const isList: Check<readonly unknown[]> = (value): value is readonly unknown[] => Array.isArray(value);

/** One object of a request, `at` its place in it ('' for the whole). */
export class Checked {
  readonly #fields: Fields;
  readonly #at: string;

  constructor(fields: Fields, at = '') {
    this.#fields = fields;
    this.#at = at;
  }

  number(name: string): number | undefined {
    return this.#read(name, isNumber, 'a number');
  }

  text(name: string): string | undefined {
    return this.#read(name, isText, 'a text');
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, isFlag, 'true or false');
  }

  texts(name: string): readonly string[] | undefined {
    return this.#read(name, isTexts, 'a list of texts');
  }

  list(name: string): readonly unknown[] | undefined {
    return this.#read(name, isList, 'a list');
  }

  object(name: string): Fields | undefined {
    return this.#read(name, isFields, 'an object');
  }

  /** Like the others, for an object's own fields. */
  inside(name: string): Checked {
    return new Checked(this.object(name) ?? {}, this.#path(name));
  }

  #read<Value>(name: string, is: Check<Value>, what: string): Value | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (is(value)) return value;
    throw new Inexpressible(this.#path(name), `Expected ${what}.`);
  }

  #path(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`;
  }
}

/** @throws Inexpressible where the body of a request is no object */
export function checkedBody(body: unknown): Fields {
  if (isFields(body)) return body;
  throw new Inexpressible('', 'Expected a JSON object as the body.');
}
