// What all pages share: the range and filter (from the URL), the refresh beat, the theme, and whether a key is needed.
import { DEFAULT_RANGE, shift, type Range } from './lib/range.ts';
import { PAGES } from './pages/index.ts';
import { here, match, setParams } from './router.ts';

export type Theme = 'system' | 'light' | 'dark';
export const REFRESH = [0, 10, 30, 60] as const;

function stored(name: string): string {
  try {
    return localStorage.getItem(`signalbox.${name}`) ?? '';
  } catch {
    return '';
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(`signalbox.${name}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

const DARK = matchMedia('(prefers-color-scheme: dark)');

class View {
  readonly q = $derived(here.searchParams.get('q') ?? '');
  /** Where the page's range begins when the URL does not say. */
  readonly usual = $derived(match(PAGES, here.pathname)?.page.from ?? DEFAULT_RANGE.from);
  readonly from = $derived(here.searchParams.get('from') ?? this.usual);
  readonly to = $derived(here.searchParams.get('to') ?? DEFAULT_RANGE.to);
  readonly range: Range = $derived({ from: this.from, to: this.to });

  /** Rises at every refresh, by hand or by the clock. */
  tick = $state(0);
  /** Rises at every refresh by hand. */
  asked = $state(0);
  /** Wall clock, every second while the page is seen. */
  now = $state(Date.now());
  /** Seconds between refreshes; 0 is off. */
  every = $state(Number(stored('refresh') || 30));
  theme = $state<Theme>(themeOf(stored('theme')));
  #systemDark = $state(DARK.matches);
  readonly dark = $derived(this.theme === 'system' ? this.#systemDark : this.theme === 'dark');
  narrow = $state(stored('rail') === 'narrow');
  keyNeeded = $state(false);
  palette = $state(false);
  keys = $state(false);

  setRange({ from, to }: Range): void {
    const usual = from === this.usual && to === DEFAULT_RANGE.to;
    setParams(usual ? { from: '', to: '' } : { from, to });
  }

  zoom(from: number, to: number): void {
    this.setRange({ from: String(Math.round(from)), to: String(Math.round(to)) });
  }

  /** Earlier (-1) or later (1) by one length of the range. */
  move(by: number): void {
    this.setRange(shift(this.range, by, Date.now()));
  }

  refresh(): void {
    this.asked += 1;
    this.tick += 1;
  }

  setQuery(q: string): void {
    setParams({ q, sel: '' });
  }

  setEvery(seconds: number): void {
    this.every = seconds;
    store('refresh', String(seconds));
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    store('theme', theme);
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }

  setNarrow(narrow: boolean): void {
    this.narrow = narrow;
    store('rail', narrow ? 'narrow' : 'wide');
  }

  /** Runs the clock; returns how to stop it. */
  start(): () => void {
    let last = Date.now();
    const system = (): void => {
      this.#systemDark = DARK.matches;
    };
    DARK.addEventListener('change', system);
    const timer = setInterval(() => {
      if (document.hidden) return;
      this.now = Date.now();
      if (this.every === 0 || this.now - last < this.every * 1000) return;
      last = this.now;
      this.tick += 1;
    }, 1000);
    return () => {
      clearInterval(timer);
      DARK.removeEventListener('change', system);
    };
  }
}

function themeOf(text: string): Theme {
  return text === 'light' || text === 'dark' ? text : 'system';
}

export const view = new View();
