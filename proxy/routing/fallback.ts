// Always the first target that works, in the order of the config.

import type { Strategy } from './types.ts';

export const fallback: Strategy = {
  id: 'fallback',
  summary: 'The first target; the next one when it fails',
  create({ targets, fallback }) {
    const choice = { targets: [...targets, ...fallback], reason: 'first in order' };
    return { choose: () => choice };
  },
};
