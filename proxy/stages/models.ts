// What a caller may ask for, in the shape of the SDK that asks: the lists of models of every API, and one of them.
// Answers here.

import { VERSION } from '../../runtime/version.ts';
import { GatewayError } from '../../schemas/errors.ts';
import { sendJson } from '../answer.ts';
import type { Live } from '../live.ts';
import type { Layer } from '../pipeline.ts';
import type { Services } from '../services.ts';

export function models({ resolver }: Services): Layer {
  return (live, next) => {
    if (live.operation !== 'models') return next(live);
    const names = resolver.names().filter(({ id }) => live.allowed?.match(id) ?? true);
    live.ownSinceUs = live.startUs;
    const shape = shapeOf(live);
    try {
      sendJson(live, JSON.stringify(live.surface.model === '' ? shape.list(names) : shape.one(named(live, names))));
    } catch (error) {
      return Promise.reject(error);
    }
    live.outcome = 'ok';
    return Promise.resolve();
  };
}

interface Name {
  readonly id: string;
  readonly owner: string;
}

/** How one family of APIs lists models. */
interface Shape {
  one(name: Name): unknown;
  list(names: readonly Name[]): unknown;
}

/** A time stamp that claims nothing. */
const LONG_AGO = '1970-01-01T00:00:00Z';

const openai: Shape = {
  one: ({ id, owner }) => ({ id, object: 'model', created: 0, owned_by: owner }),
  list: (names) => ({ object: 'list', data: names.map(openai.one) }),
};

const anthropic: Shape = {
  one: ({ id }) => ({ type: 'model', id, display_name: id, created_at: LONG_AGO }),
  list: (names) => ({
    data: names.map(anthropic.one),
    has_more: false,
    first_id: names[0]?.id ?? null,
    last_id: names.at(-1)?.id ?? null,
  }),
};

const METHODS = ['generateContent', 'streamGenerateContent', 'countTokens', 'embedContent', 'batchEmbedContents'];

const gemini: Shape = {
  one: ({ id }) => ({ name: `models/${id}`, displayName: id, supportedGenerationMethods: METHODS }),
  list: (names) => ({ models: names.map(gemini.one) }),
};

const ollama: Shape = {
  one: ({ id, owner }) => ({
    name: id,
    model: id,
    modified_at: LONG_AGO,
    size: 0,
    digest: '',
    details: { family: owner },
  }),
  list: (names) => ({ models: names.map(ollama.one) }),
};

const version: Shape = { one: () => ({ version: VERSION }), list: () => ({ version: VERSION }) };

function shapeOf({ dialect, path, request }: Live): Shape {
  if (path === '/api/version') return version;
  if (dialect === 'gemini') return gemini;
  if (dialect === 'ollama_chat') return ollama;
  return request.headers['anthropic-version'] === undefined ? openai : anthropic;
}

/** @throws GatewayError not_found */
function named({ surface }: Live, names: readonly Name[]): Name {
  const found = names.find(({ id }) => id === surface.model);
  if (found !== undefined) return found;
  throw new GatewayError('not_found', `There is no model "${surface.model}" on this list.`, { param: 'model' });
}
