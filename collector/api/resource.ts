// What a resource of the API is: its path, what it takes and gives, and the function that answers. Routes and the
// OpenAPI document are both made from it.

import type { z } from 'zod';
import type { Status } from '../../schemas/api.ts';
import type { Config } from '../../schemas/config.ts';
import type { PriceOverrides } from '../../schemas/price.ts';
import type { StoreClient } from '../store/client.ts';

/** What every resource may use. */
export interface ApiContext {
  readonly store: StoreClient;
  readonly now: () => number;
  readonly prices: PriceOverrides;
  readonly retention: Config['store']['retention'];
  /** Waits, not for ever, until what was accepted before can be read: live shows a trace before the store has it. */
  readonly settle: () => Promise<void>;
  /** Everything of GET /status that is not the store's. */
  readonly health: () => Omit<Status, 'store'>;
}

export interface Resource {
  /** `post` changes something; its input is the JSON body. */
  readonly method: 'get' | 'post';
  /** Below /api/v1, in OpenAPI's way of writing: `/traces/{trace_id}`. */
  readonly path: string;
  readonly summary: string;
  /** Path and query parameters together; unknown ones are refused. */
  readonly input: z.ZodObject;
  readonly answer: z.ZodType;
  readonly handle: (context: ApiContext, input: never) => Promise<unknown>;
}

interface Definition<Input extends z.ZodObject, Answer> {
  readonly path: string;
  readonly summary: string;
  readonly input: Input;
  readonly answer: z.ZodType<Answer>;
  readonly handle: (context: ApiContext, input: z.output<Input>) => Promise<Answer>;
}

/** Ties the types of input and answer to the function. */
export function resource<Input extends z.ZodObject, Answer>(definition: Definition<Input, Answer>): Resource {
  return { method: 'get', ...definition };
}

/** The same for what changes something. */
export function action<Input extends z.ZodObject, Answer>(definition: Definition<Input, Answer>): Resource {
  return { method: 'post', ...definition };
}
