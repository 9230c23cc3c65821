// The resources as routes: input checked by its schema, the answer as JSON, everything thrown on to the error handler.

import express, { type Request, type Router } from 'express';
import type { z } from 'zod';
import { openApi } from './openapi.ts';
import { ApiError } from './problem.ts';
import type { ApiContext, Resource } from './resource.ts';
import { RESOURCES } from './index.ts';

export function apiRouter(context: ApiContext, version: string): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const document = openApi(RESOURCES, version);
  router.get('/openapi.json', (_request, response) => void response.json(document));
  for (const resource of RESOURCES) {
    const route = router.route(resource.path.replace(/\{(\w+)\}/g, ':$1'));
    if (resource.method === 'post') route.post(express.json({ limit: '64kb', type: 'application/json' }));
    route[resource.method](async (request, response) => {
      const answer = await resource.handle(context, inputOf(resource, request) as never);
      response.json(answer);
    });
    route.all((_request, response) => {
      response.setHeader('allow', resource.method === 'get' ? 'GET, HEAD' : 'POST');
      throw new ApiError(405, `${resource.path} takes ${resource.method.toUpperCase()}`);
    });
  }
  router.use(() => {
    throw new ApiError(404, 'there is no such resource; /api/v1/openapi.json lists them');
  });
  return router;
}

/** @throws ApiError 400 with every problem by its parameter */
function inputOf(resource: Resource, request: Request): unknown {
  const result = resource.input.safeParse({ ...asked(resource, request), ...request.params });
  if (result.success) return result.data;
  throw new ApiError(400, result.error.issues.map(wording).join('; '));
}

/** A form of a foreign page cannot send JSON, so a body of another kind is no request of ours. */
function asked({ method }: Resource, request: Request): object {
  if (method === 'get') return request.query;
  const body: unknown = request.body;
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new ApiError(415, 'the body must be a JSON object, with content-type application/json');
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `there is no parameter ${issue.keys.map((key) => `"${key.slice(0, 60)}"`).join(', ')}`;
  return `"${issue.path.join('.')}" ${issue.code === 'invalid_type' ? 'must be given once, as text' : issue.message}`;
}
