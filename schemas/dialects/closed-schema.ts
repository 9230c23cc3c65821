// JSON Schemas as structured output takes them: closed objects, and no bounds on numbers, lengths or counts, which are
// said in the description instead so that the model still knows them.

import { isFields, list } from './read.ts';
import type { Fields } from './read.ts';

const BOUNDS: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
]);
/** Deeper than any schema that means something. */
const DEPTH = 64;

/** The schema, as the API takes it. */
export function closedSchema(schema: unknown, depth = 0): unknown {
  if (!isFields(schema) || depth > DEPTH) return schema;
  const closed: Record<string, unknown> = {};
  const bounds: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (BOUNDS.has(name) || (name === 'minItems' && Number(value) > 1))
      bounds.push(`${name}: ${JSON.stringify(value)}`);
    else closed[name === 'oneOf' ? 'anyOf' : name] = inner(name, value, depth + 1);
  }
  if (isObject(schema)) closed['additionalProperties'] = false;
  if (bounds.length > 0)
    closed['description'] = [schema['description'], `{${bounds.join(', ')}}`].filter(Boolean).join('\n\n');
  return closed;
}

function isObject({ type, properties }: Fields): boolean {
  return type === 'object' || list(type).includes('object') || isFields(properties);
}

function inner(name: string, value: unknown, depth: number): unknown {
  switch (name) {
    case 'properties':
    case '$defs':
    case 'definitions':
      return isFields(value)
        ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closedSchema(each, depth)]))
        : value;
    case 'anyOf':
    case 'oneOf':
    case 'allOf':
      return list(value).map((each) => closedSchema(each, depth));
    case 'items':
      return closedSchema(value, depth);
    default:
      return value;
  }
}
