// Waits for something to become true: the tests' only clock. It fails after a time that nothing healthy needs.

import { setTimeout as sleep } from 'node:timers/promises';

export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 15 s for ${what}`);
    await sleep(5);
  }
}
