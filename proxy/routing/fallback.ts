// Always the first target that works, in the order of the config.

import { targetOf, type Strategy } from './types.ts';

export const fallback: Strategy = {
  id: 'fallback',
  summary: 'The first target; the next one when it fails',
  create(route) {
    const targets = [...route.targets.map(({ model }) => targetOf(model)), ...route.fallback.map(targetOf)];
    const choice = { targets, reason: 'first in order' };
    return { choose: () => choice };
  },
};
