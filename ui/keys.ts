// Keys that work on every page. Pages add their own for their lists.
import { NAVIGATION } from './pages/index.ts';
import { navigate, pageAddress } from './router.ts';
import { view } from './view.svelte.ts';

export const KEYS: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: 'Ctrl K', does: 'Go to a page, a trace or a command' },
  { keys: '/', does: 'Write a filter' },
  { keys: 'j  k', does: 'Next and previous row' },
  { keys: 'Enter', does: 'Look at the row; again: open it' },
  { keys: 'Esc', does: 'Close what is open' },
  { keys: 'g then o l t p c s', does: 'Overview, Live, Traces, Providers, Cost, Settings' },
  { keys: 'r', does: 'Refresh' },
  { keys: '[  ]', does: 'Earlier and later time range' },
  { keys: 'p', does: 'Pause the live tail' },
  { keys: '?', does: 'These keys' },
];

export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event;
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable);
}

type Actions = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Runs a page's action for a key, unless someone is typing or something lies over the page. */
export function press(event: KeyboardEvent, actions: Actions): void {
  const busy = isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || view.palette || view.keys;
  const action = actions[event.key];
  if (busy || !action) return;
  event.preventDefault();
  action(event);
}

/** Moves the focus along the page's rows: whatever is marked with data-row. Enter then means what it means there. */
function walk(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.findIndex((row) => row === document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]?.focus();
}

let goUntil = 0;

export function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    view.palette = !view.palette;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || view.palette) return;
  if (Date.now() < goUntil) {
    goUntil = 0;
    const page = NAVIGATION.find(({ id }) => id.startsWith(event.key));
    if (page) navigate(pageAddress(page.path));
    return;
  }
  ACTIONS[event.key]?.(event);
}

const ACTIONS: Actions = {
  g: () => {
    goUntil = Date.now() + 1500;
  },
  r: () => {
    view.refresh();
  },
  '?': () => {
    view.keys = !view.keys;
  },
  '/': (event) => {
    const box = document.querySelector<HTMLInputElement>('#filter');
    if (!box) return;
    event.preventDefault();
    box.focus();
  },
  j: () => walk(1),
  k: () => walk(-1),
  '[': () => view.move(-1),
  ']': () => view.move(1),
};
