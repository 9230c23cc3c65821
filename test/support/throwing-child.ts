// A part that works for a moment and then makes a mistake that nobody catches.

import { startPart } from '../../runtime/part.ts';

const secret = 'sk-not-for-the-log';

function mistake(): never {
  throw new TypeError(`something is undefined`, { cause: secret });
}

const running = { close: () => Promise.resolve() };

startPart({
  /** In a timer. */
  proxy: async () => {
    setTimeout(mistake, 20);
    return running;
  },
  /** In a promise that nobody waits for. */
  reporter: async () => {
    setTimeout(() => void Promise.resolve().then(mistake), 20);
    return running;
  },
  collector: async () => running,
});
