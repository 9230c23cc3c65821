// GET /status: how Signalbox itself is: store, queue, everything ever dropped, live listeners.

import { z } from 'zod';
import { messageOf } from '../../runtime/log.ts';
import { storeSize } from '../store/queries/status.ts';
import { resource } from './resource.ts';
import { statusAnswer } from './shapes.ts';

export const status = resource({
  path: '/status',
  summary: 'Health of Signalbox itself',
  input: z.strictObject({}),
  answer: statusAnswer,
  handle: async ({ store, health }) => {
    const { mode } = store;
    try {
      return { ...health(), store: { mode, ok: true, message: '', ...(await storeSize(store)) } };
    } catch (error) {
      const message = messageOf(error).split('\n')[0]?.slice(0, 200) ?? '';
      return { ...health(), store: { mode, ok: false, message, disk_bytes: 0, rows: 0, parts: 0 } };
    }
  },
});
