// Google takes each field in camelCase and in snake_case; here both are read as camelCase. Only names of the API are
// touched: what stands inside arguments, schemas and results belongs to the caller.

import { fields } from './read.ts';
import type { Fields } from './read.ts';

/** The fields of one object, names in camelCase. */
export function google(value: unknown): Fields {
  const given = fields(value);
  if (!Object.keys(given).some((name) => name.includes('_'))) return given;
  return Object.fromEntries(Object.entries(given).map(([name, each]) => [camel(name), each]));
}

function camel(name: string): string {
  return name.replaceAll(/(?<=[a-z\d])_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}
