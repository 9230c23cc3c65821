// The OpenAPI document, made from the resources.

import { z } from 'zod';
import type { Resource } from './resource.ts';
import { problem } from './shapes.ts';

export function openApi(resources: readonly Resource[], version: string): unknown {
  const paths: Record<string, unknown> = {};
  for (const resource of resources) paths[resource.path] = { [resource.method]: operation(resource) };
  return {
    openapi: '3.1.0',
    info: { title: 'Signalbox collector', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/api/v1' }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem) },
      securitySchemes: { admin_key: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(resource: Resource): unknown {
  return {
    summary: resource.summary,
    operationId: resource.path.replace(/[{}]/g, '').replaceAll('/', '_').slice(1),
    ...takenBy(resource),
    security: [{}, { admin_key: [] }],
    responses: {
      200: { description: resource.summary, content: { 'application/json': { schema: schemaOf(resource.answer) } } },
      default: {
        description: 'What went wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function takenBy(resource: Resource): object {
  if (resource.method === 'post') {
    return { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(resource.input) } } } };
  }
  const { shape } = resource.input;
  return { parameters: Object.entries(shape).map(([name, schema]) => parameter(resource, name, schema as z.ZodType)) };
}

function parameter(resource: Resource, name: string, schema: z.ZodType): unknown {
  const inPath = resource.path.includes(`{${name}}`);
  const { description, ...rest } = schemaOf(schema) as { description?: string };
  return {
    name,
    in: inPath ? 'path' : 'query',
    required: inPath || !schema.safeParse(undefined).success,
    ...(description === undefined ? {} : { description }),
    schema: rest,
  };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
  return rest;
}
