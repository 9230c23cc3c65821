// The onion. A layer does its part before and after the layers inside it, or answers by itself and calls none of them.
// Layers are put together once, at start: a request costs no closures.

import type { Live } from './live.ts';

export type Handler = (live: Live) => Promise<void>;

/** One stage of a request. It may call `next` not at all, once, or (attempt) once per try. */
export type Layer = (live: Live, next: Handler) => Promise<void>;

const CORE: Handler = () => Promise.resolve();

/** @param layers outermost first */
export function compose(layers: readonly Layer[]): Handler {
  return layers.reduceRight<Handler>((next, layer) => (live) => layer(live, next), CORE);
}
