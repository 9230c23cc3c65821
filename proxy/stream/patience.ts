// How long an attempt may take to connect, to begin, to go on and to end: by its target's deadlines, else its route's.

import type { Deadlines } from '../../schemas/config.ts';
import type { Attempt } from '../exchange.ts';
import type { Live } from '../live.ts';

export type Phase = 'connecting' | 'waiting' | 'holding' | 'streaming' | 'over';

export interface Waiting {
  readonly phase: Phase;
  /** False for a stream without content so far, while it could still come from elsewhere. */
  readonly begun: boolean;
  /** When the last byte came. */
  readonly lastUs: number;
}

/** What took too long, in words; undefined while there is patience left. */
// oxlint-disable-next-line max-params -- one call site
export function overdue(live: Live, attempt: Attempt, waiting: Waiting, now: number): string | undefined {
  if (now > live.deadlineUs) return 'the whole call';
  const deadlines = attempt.target.deadlines ?? live.deadlines;
  if (deadlines === undefined) return undefined;
  const waitedUs = now - attempt.startUs;
  // A slow beginning is a reason to go elsewhere only while there is an elsewhere.
  const slow = live.another && waitedUs > deadlines.first_token * 1e3;
  if (waiting.phase !== 'connecting' && waiting.phase !== 'waiting') {
    if (slow && !waiting.begun) return 'the first token';
    if (now - waiting.lastUs > deadlines.idle * 1e3) return 'the next byte';
  } else if (slow) return 'the first byte';
  return late(deadlines, waiting.phase, waitedUs);
}

function late({ connect, total }: Deadlines, phase: Phase, waitedUs: number): string | undefined {
  if (phase === 'connecting' && waitedUs > connect * 1e3) return 'a connection';
  return waitedUs > total * 1e3 ? 'the whole answer' : undefined;
}
