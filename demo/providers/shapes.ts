// The wire formats that each kind of provider serves, by path.

import { chat } from './chat.ts';
import { messages } from './messages.ts';
import { responses } from './responses.ts';
import type { Shape } from './shape.ts';

const SHAPES: Readonly<Record<'openai' | 'anthropic', Readonly<Record<string, Shape>>>> = {
  openai: { '/v1/chat/completions': chat, '/v1/responses': responses },
  anthropic: { '/v1/messages': messages },
};

export function shapeOf(kind: 'openai' | 'anthropic', path: string): Shape | undefined {
  return SHAPES[kind][path];
}
