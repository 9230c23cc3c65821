// Values that several sections of the config have, with the words for those that are none.

import { z } from 'zod';
import { parseDuration, parseSize } from '../units.ts';

export const duration = z.string().transform((text, context) => {
  const value = parseDuration(text);
  if (value === undefined)
    context.addIssue({ code: 'custom', message: 'must be a duration like 250ms, 5s, 10m, 1h or 30d' });
  return value ?? z.NEVER;
});

export const size = z.string().transform((text, context) => {
  const value = parseSize(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'must be a size like 64kB, 256KiB or 20GiB' });
  return value ?? z.NEVER;
});

export const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^\s@]+$/.test(text) && URL.canParse(text),
    'must be an http:// or https:// URL without user and password',
  )
  .transform((text) => text.replace(/\/+$/, ''));

export const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'must be HOST:PORT, for example 127.0.0.1:8080')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'the port must be at most 65535');

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');

export const secret = z.string().min(1, 'must not be empty');
