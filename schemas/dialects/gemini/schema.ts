// Google's own subset of OpenAPI schemas as JSON Schema: types in capitals, `nullable`, counts as texts.

import { fields, isFields, list } from '../read.ts';
import { google } from '../google.ts';

/** Deeper than any schema that means something. */
const DEPTH = 64;
const COUNTS: ReadonlySet<string> = new Set([
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
]);

/** A `Schema` as JSON Schema; what already is one stays one. */
export function jsonSchema(schema: unknown, depth = 0): unknown {
  if (!isFields(schema) || depth > DEPTH) return schema;
  const { nullable, propertyOrdering: _, ...given } = google(schema);
  const read = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, field(name, value, depth + 1)]));
  if (nullable !== true) return read;
  return typeof read['type'] === 'string' ? { ...read, type: [read['type'], 'null'] } : read;
}

function field(name: string, value: unknown, depth: number): unknown {
  if (name === 'type') return typeof value === 'string' ? value.toLowerCase() : value;
  if (name === 'items' || name === 'additionalProperties') return jsonSchema(value, depth);
  if (name === 'anyOf') return list(value).map((each) => jsonSchema(each, depth));
  if (COUNTS.has(name)) return Number(value);
  if (name !== 'properties') return value;
  return Object.fromEntries(Object.entries(fields(value)).map(([key, each]) => [key, jsonSchema(each, depth)]));
}
