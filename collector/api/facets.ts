// GET /facets: the values of the keys of the query language, with counts under the present filter.

import { z } from 'zod';
import { facets as countFacets } from '../store/queries/facets.ts';
import * as params from './params.ts';
import { resource } from './resource.ts';
import { facetList } from './shapes.ts';

export const facets = resource({
  path: '/facets',
  summary: 'Values of each key with the number of requests that have them',
  input: z.strictObject({ from: params.from, to: params.to, q: params.q }),
  answer: facetList,
  handle: ({ store, now }, question) => countFacets(store, params.questionOf(question, now())),
});
