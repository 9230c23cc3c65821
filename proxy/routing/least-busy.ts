// The target with the fewest calls under way in this worker; among equals one drawn at random.

import type { Choice, RouterOptions, RouteTarget, Strategy } from './types.ts';

export const leastBusy: Strategy = {
  id: 'least_busy',
  summary: 'The target with the fewest calls under way',
  create: (options) => ({ choose: () => choose(options) }),
};

function choose({ targets, fallback, random }: RouterOptions): Choice {
  if (targets.length === 1) return { targets: [...targets, ...fallback], reason: 'the only target' };
  const turn = Math.floor(random() * targets.length);
  // Sorting keeps the order of equals: turning the list first draws among them.
  const turned = [...targets.slice(turn), ...targets.slice(0, turn)];
  const ordered = turned.sort((a, b) => a.state.inflight - b.state.inflight);
  return { targets: [...ordered, ...fallback], reason: reasonOf(ordered) };
}

function reasonOf([first]: readonly RouteTarget[]): string {
  return `the least busy: ${first?.state.inflight ?? 0} calls under way`;
}
