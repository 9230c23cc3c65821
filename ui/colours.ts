// The colours of this browser's series, remembered so that a model looks the same on every page and after a reload.
// Models, providers, routes and so on each have the ten colours to themselves.
import { assign } from './lib/colour.ts';
import { store } from './view.svelte.ts';

export type Kind = 'model' | 'provider' | 'route' | 'team' | 'user' | 'tag' | 'prompt' | 'key';

const tables = new Map<Kind, ReadonlyMap<string, number>>();
const KEEP = 200;

function known(kind: Kind): ReadonlyMap<string, number> {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(`signalbox.colours.${kind}`) ?? '[]');
    return new Map(Array.isArray(saved) ? (saved as [string, number][]) : []);
  } catch {
    return new Map();
  }
}

/** CSS colours for these names, by name. Names that come first find more colours free. */
export function coloursOf(kind: Kind, names: readonly string[]): ReadonlyMap<string, string> {
  const before = tables.get(kind) ?? known(kind);
  const table = names.every((name) => before.has(name)) ? before : assign(names, before);
  tables.set(kind, table);
  if (table !== before) store(`colours.${kind}`, JSON.stringify([...table].slice(-KEEP)));
  return new Map(names.map((name) => [name, `var(--s-${table.get(name) ?? 9})`]));
}
