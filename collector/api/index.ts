// All resources of the API.

import { cost } from './cost.ts';
import { facets } from './facets.ts';
import { prices } from './prices.ts';
import { providers } from './providers.ts';
import { reprice } from './reprice.ts';
import type { Resource } from './resource.ts';
import { series } from './series.ts';
import { spanIo } from './span-io.ts';
import { status } from './status.ts';
import { trace } from './trace.ts';
import { traces } from './traces.ts';
import { usage } from './usage.ts';

export const RESOURCES: readonly Resource[] = [
  traces,
  trace,
  spanIo,
  facets,
  series,
  status,
  cost,
  usage,
  prices,
  providers,
  reprice,
];
