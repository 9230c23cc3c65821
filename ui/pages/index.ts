// The table of pages: navigation, titles, the palette and the router are all made from it. Adding a page is a file and a row.
import type { Component } from 'svelte';

export interface PageProps {
  readonly params: Readonly<Record<string, string>>;
}

export const GROUPS = ['Watch', 'Steer', 'Govern', 'System'] as const;

export interface Page {
  readonly id: string;
  /** Segments that begin with a colon are parameters; such a page has no entry in the navigation. */
  readonly path: string;
  readonly title: string;
  /** The one question the page answers, shown under its title. */
  readonly question: string;
  readonly group: (typeof GROUPS)[number];
  readonly icon: string;
  /** Which of the shared controls it obeys. */
  readonly range: boolean;
  readonly filter: boolean;
  /** Where its time range begins as long as nobody has chosen one; the last hour without it. */
  readonly from?: string;
  /** A page takes PageProps, or nothing. */
  readonly load: () => Promise<{ readonly default: Component<never> }>;
}

export const PAGES: readonly Page[] = [
  {
    id: 'overview',
    path: '/',
    title: 'Overview',
    question: 'How are the models doing, and what do they cost?',
    group: 'Watch',
    icon: 'overview',
    range: true,
    filter: true,
    load: () => import('./Overview.svelte'),
  },
  {
    id: 'live',
    path: '/live',
    title: 'Live',
    question: 'What is happening right now?',
    group: 'Watch',
    icon: 'live',
    range: false,
    filter: true,
    load: () => import('./Live.svelte'),
  },
  {
    id: 'traces',
    path: '/traces',
    title: 'Traces',
    question: 'Which requests are like this?',
    group: 'Watch',
    icon: 'traces',
    range: true,
    filter: true,
    load: () => import('./Traces.svelte'),
  },
  {
    id: 'trace',
    path: '/traces/:id',
    title: 'Trace',
    question: 'What happened in this request, and why?',
    group: 'Watch',
    icon: 'traces',
    range: false,
    filter: false,
    load: () => import('./Trace.svelte'),
  },
  {
    id: 'providers',
    path: '/providers',
    title: 'Providers and models',
    question: 'Which deployments are well, what do models cost, and what works with what?',
    group: 'Steer',
    icon: 'providers',
    range: true,
    filter: false,
    from: 'now-24h',
    load: () => import('./Providers.svelte'),
  },
  {
    id: 'cost',
    path: '/cost',
    title: 'Cost',
    question: 'What do models cost, who spends it, and where will the month end?',
    group: 'Govern',
    icon: 'cost',
    range: true,
    filter: true,
    from: 'now-24h',
    load: () => import('./Cost.svelte'),
  },
  {
    id: 'settings',
    path: '/settings',
    title: 'Settings and health',
    question: 'Is Signalbox itself well, and has it lost anything?',
    group: 'System',
    icon: 'settings',
    range: false,
    filter: false,
    load: () => import('./Settings.svelte'),
  },
];

export const NOT_FOUND: Page = {
  id: 'not-found',
  path: '',
  title: 'Not found',
  question: 'Where did it go?',
  group: 'System',
  icon: 'traces',
  range: false,
  filter: false,
  load: () => import('./NotFound.svelte'),
};

export const NAVIGATION = PAGES.filter(({ path }) => !path.includes(':'));
