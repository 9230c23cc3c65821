// All resources of the API.

import { facets } from './facets.ts';
import type { Resource } from './resource.ts';
import { series } from './series.ts';
import { spanIo } from './span-io.ts';
import { status } from './status.ts';
import { trace } from './trace.ts';
import { traces } from './traces.ts';

export const RESOURCES: readonly Resource[] = [traces, trace, spanIo, facets, series, status];
