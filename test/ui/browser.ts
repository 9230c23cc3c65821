// One real browser for the UI tests, and a page that reports everything that must not happen: console errors, violations
// of the content security policy, dialogs, layout shift.
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

export async function openBrowser(): Promise<Browser> {
  // Never chromium.args: they switch web security off. The language is one that Intl accepts.
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox'],
    env: { ...process.env, LANG: 'en_US.UTF-8' },
  });
}

export interface Watched {
  readonly page: Page;
  /** Console errors, uncaught errors, policy violations and dialogs, in words. */
  readonly faults: string[];
  /** Sum of the layout shifts since the document was opened. */
  shift(): Promise<number>;
  close(): Promise<void>;
}

type Shift = PerformanceEntry & { readonly value: number; readonly hadRecentInput: boolean };

export interface WatchOptions {
  readonly context?: BrowserContextOptions;
  /** Console messages that the test provokes itself, such as failed requests. */
  readonly expected?: RegExp;
}

export async function watchedPage(browser: Browser, { context: more, expected }: WatchOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', ...more });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!expected?.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    const seen = { shift: 0, violations: [] as string[] };
    Object.assign(globalThis, { seenByTest: seen });
    // A warning of the framework names a rule; where it was broken is in the stack.
    const warn = console.warn.bind(console);
    console.warn = (...said: unknown[]) => warn(...said, new Error('from').stack);
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
    new PerformanceObserver((list) => {
      // What moves because someone clicked is no surprise, and not counted.
      for (const entry of list.getEntries() as Shift[]) if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return {
    page,
    faults,
    shift: () => page.evaluate(() => (globalThis as unknown as { seenByTest: { shift: number } }).seenByTest.shift),
    close: () => context.close(),
  };
}
