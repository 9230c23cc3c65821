// Waits for something to become true: the tests' only clock. It fails after a time that nothing healthy needs.

import { setTimeout as sleep } from 'node:timers/promises';

export async function until(condition: () => boolean, what = 'the condition', patienceMs = 15_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await sleep(5);
  }
}
