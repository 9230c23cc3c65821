// The address bar as state: what is open, its range and its filter all live in the URL, and going back works.
import { SvelteURL } from 'svelte/reactivity';

/** The present address; reading it in an effect or a derived value follows it. */
export const here = new SvelteURL(location.href);

/** How many entries of the history, at least, are ours to go back over. */
let ours = 0;

addEventListener('popstate', () => {
  ours = Math.max(0, ours - 1);
  here.href = location.href;
});

export interface Move {
  /** Takes the place of the present entry of the history. */
  readonly replace?: boolean;
}

/** Goes to a path with a query, inside the application. */
export function navigate(to: string, { replace = false }: Move = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else {
    history.pushState(null, '', to);
    ours += 1;
  }
  here.href = location.href;
}

/** To where one came from inside the application, and never out of it. */
export function goBack(otherwise: string): void {
  if (ours > 0) history.back();
  else navigate(otherwise);
}

/** The present address with some parameters changed; an empty value takes one away. */
export function addressWith(changes: Readonly<Record<string, string>>, path = here.pathname): string {
  const query = new URLSearchParams(here.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  return address(path, query);
}

export function setParams(changes: Readonly<Record<string, string>>, move: Move = {}): void {
  navigate(addressWith(changes), move);
}

/** A page's address that keeps the range and the filter. */
export function pageAddress(path: string, changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams();
  for (const name of ['from', 'to', 'q']) {
    const value = changes[name] ?? here.searchParams.get(name) ?? '';
    if (value !== '') query.set(name, value);
  }
  for (const [name, value] of Object.entries(changes)) if (value !== '') query.set(name, value);
  return address(path, query);
}

function address(path: string, query: URLSearchParams): string {
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
  return text === '' ? path : `${path}?${text}`;
}

/** Turns clicks on links of our own into navigation; other buttons, keys and targets keep their meaning. */
export function followLinks(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  ) {
    return;
  }
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

export interface Route<Page> {
  readonly page: Page;
  readonly params: Readonly<Record<string, string>>;
}

/** The page whose path fits: segments that begin with a colon are parameters. */
export function match<Page extends { readonly path: string }>(
  pages: readonly Page[],
  pathname: string,
): Route<Page> | undefined {
  const wanted = pathname.replace(/\/+$/, '').split('/');
  for (const page of pages) {
    const params = fit(page.path.replace(/\/+$/, '').split('/'), wanted);
    if (params) return { page, params };
  }
  return undefined;
}

function fit(pattern: readonly string[], wanted: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = wanted[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = safeDecode(given);
    else if (part !== given) return undefined;
  }
  return params;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
