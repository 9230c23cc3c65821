// Several keys of one provider: calls use the first one, and the next when that is refused, throttled or out of money. One
// key at a time on purpose: prompts that a provider has cached are most often cached for the account of a key.

import type { KeyRing, Provider, ProviderKind, ProviderOptions } from './types.ts';

/** The provider of a config with `api_keys`; any other as it is. */
export function withKeys(kind: ProviderKind, { id, config }: ProviderOptions): Provider {
  const { api_keys: secrets, ...rest } = config;
  if (secrets === undefined) return kind.create({ id, config });
  const providers = secrets.map((api_key) => kind.create({ id, config: { ...rest, api_key } }));
  const [first] = providers;
  if (first === undefined) return kind.create({ id, config: rest });
  // One set of connections: which key a request brings is no matter of its connection.
  const sharing = providers.map((each) => ({ ...each, upstream: first.upstream }));
  return { ...first, keys: new Ring(sharing) };
}

class Ring implements KeyRing {
  readonly #providers: readonly Provider[];
  readonly #untilUs: number[];

  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
    this.#untilUs = providers.map(() => 0);
  }

  /** The first that does not rest, else the one that rests the shortest. */
  pick(now: number): Provider {
    let best = 0;
    for (let index = 0; index < this.#untilUs.length; index++) {
      const until = this.#untilUs[index] ?? 0;
      if (until <= now) return this.#at(index);
      if (until < (this.#untilUs[best] ?? 0)) best = index;
    }
    return this.#at(best);
  }

  rest(provider: Provider, untilUs: number): void {
    const index = this.#providers.indexOf(provider);
    if (index >= 0) this.#untilUs[index] = Math.max(untilUs, this.#untilUs[index] ?? 0);
  }

  #at(index: number): Provider {
    return this.#providers[index] as Provider;
  }
}
