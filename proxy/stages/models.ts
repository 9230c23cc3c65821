// GET /v1/models: what a caller may ask for, in the shape of the SDK that asks. Answers here.

import { sendJson } from '../answer.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';

export function models({ resolver }: Services): Layer {
  return (live, next) => {
    if (live.operation !== 'models') return next(live);
    const names = resolver.names().filter(({ id }) => live.allowed?.match(id) ?? true);
    const anthropic = live.request.headers['anthropic-version'] !== undefined;
    live.ownSinceUs = live.startUs;
    sendJson(live, JSON.stringify(anthropic ? anthropicList(names) : openaiList(names)));
    live.outcome = 'ok';
    return Promise.resolve();
  };
}

type Names = ReturnType<Services['resolver']['names']>;

function openaiList(names: Names): unknown {
  return { object: 'list', data: names.map(({ id, owner }) => ({ id, object: 'model', created: 0, owned_by: owner })) };
}

function anthropicList(names: Names): unknown {
  const data = names.map(({ id }) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '1970-01-01T00:00:00Z',
  }));
  return { data, has_more: false, first_id: names[0]?.id ?? null, last_id: names.at(-1)?.id ?? null };
}
