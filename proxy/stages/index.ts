// The stages of one request, and their order. Adding one is a file here and a line below.
//
//  1 identify  key -> team, allowed models                             401
//  2 read      path + body -> operation, dialect, model, stream        400 413 415 503
//    models    GET /v1/models answers here
//  6 route     model -> ordered targets, reason kept                   400 403 404
//    count     how many tokens a prompt has: answers here unless the provider does
//  7 attempt   per target: deadlines, retry; next target on a retryable failure
//  8 translate the provider's dialect, and the call in it                400
//    adapt     same dialect: bytes untouched but for the model's name
//  9 send      response headers at once, client first, meter second
// 10 settle    usage and cost of each attempt
// 11 report    one SERVER span a request, one CLIENT span an attempt; runs on every exit path
//
// The numbers are the order in which things happen. Report and settle happen on the way out, so they stand before the
// layers whose ends they wait for: report around everything, settle around each attempt.

import { compose, type Handler, type Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';
import { adapt } from './adapt.ts';
import { attempt } from './attempt.ts';
import { count } from './count.ts';
import { identify } from './identify.ts';
import { models } from './models.ts';
import { read } from './read.ts';
import { report } from './report.ts';
import { route } from './route.ts';
import { send } from './send.ts';
import { settle } from './settle.ts';
import { translate } from './translate.ts';

export const STAGES: readonly ((services: Services) => Layer)[] = [
  report,
  identify,
  read,
  models,
  route,
  count,
  attempt,
  translate,
  settle,
  adapt,
  send,
];

/** The whole story of a request as one function. It never rejects. */
export function createPipeline(services: Services): Handler {
  return compose(STAGES.map((stage) => stage(services)));
}
