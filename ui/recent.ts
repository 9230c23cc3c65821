// The traces this browser opened last, for the palette.
import { store } from './view.svelte.ts';

export interface Recent {
  readonly id: string;
  readonly name: string;
}

const NAME = 'recent';
const KEEP = 8;

export function recentTraces(): readonly Recent[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(`signalbox.${NAME}`) ?? '[]');
    return Array.isArray(list) ? list.filter(isRecent) : [];
  } catch {
    return [];
  }
}

function isRecent(value: unknown): value is Recent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    'name' in value &&
    /^[0-9a-f]+$/.test(String(value.id))
  );
}

export function remember(id: string, name: string): void {
  const others = recentTraces().filter((recent) => recent.id !== id);
  store(NAME, JSON.stringify([{ id, name }, ...others].slice(0, KEEP)));
}
