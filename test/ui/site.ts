// The built UI over the stub API in one browser, for tests of pages: what happens on a page that must not is a failure.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { build } from 'vite';
import { openBrowser, watchedPage, type Watched, type WatchOptions } from './browser.ts';
import { startStub, type Stub } from './stub-api.ts';

export class Site {
  readonly stub: Stub;
  readonly #browser: Browser;
  readonly #dist: string;

  private constructor(parts: { stub: Stub; browser: Browser; dist: string }) {
    this.stub = parts.stub;
    this.#browser = parts.browser;
    this.#dist = parts.dist;
  }

  static async start(): Promise<Site> {
    const dist = await mkdtemp(join(tmpdir(), 'signalbox-ui-'));
    const root = join(import.meta.dirname, '../../ui');
    await build({ root, logLevel: 'error', build: { outDir: dist, emptyOutDir: true } });
    const [browser, stub] = await Promise.all([openBrowser(), startStub({ dist, size: 1500 })]);
    return new Site({ stub, browser, dist });
  }

  /** With a full API. */
  async open(path: string, context: BrowserContextOptions = {}, options: WatchOptions = {}): Promise<Watched> {
    this.stub.mode = 'full';
    const watched = await watchedPage(this.#browser, { context, ...options });
    await watched.page.goto(this.stub.url + path);
    await watched.page.waitForLoadState('networkidle');
    return watched;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.stub.close();
    await rm(this.#dist, { recursive: true, force: true });
  }
}

export async function closeClean(watched: Watched): Promise<void> {
  const shift = await watched.shift();
  await watched.close();
  assert.ok(shift < 0.05, `layout shift ${shift}`);
  assert.deepEqual(watched.faults, []);
}

export function parameter(page: Page, name: string): string {
  return new URL(page.url()).searchParams.get(name) ?? '';
}

export function rows(page: Page, table: string): Locator {
  return page.getByRole('table', { name: table }).locator('tbody tr');
}

/** At the width of a phone, nothing but tables may be wider than the page, and those scroll by themselves. */
export async function assertFitsPhone(site: Site, path: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const watched = await site.open(path, { colorScheme, viewport: { width: 390, height: 844 } });
    const [whole = 999, inner, seen] = await watched.page.evaluate(() => {
      const main = document.querySelector('main');
      return [document.documentElement.scrollWidth, main?.scrollWidth, main?.clientWidth];
    });
    assert.ok(whole <= 390 && inner === seen, `${path} is ${whole} px wide, ${inner} in ${seen}`);
    await closeClean(watched);
  }
}

/** What is there stays there while the collector is away. */
export async function assertKeeps(site: Site, path: string): Promise<void> {
  const watched = await site.open(path, {}, { expected: /Failed to load resource/ });
  const count = await watched.page.locator('table tbody tr').count();
  assert.ok(count > 0);
  site.stub.mode = 'failing';
  await watched.page.keyboard.press('r');
  await watched.page.getByText('trying again by itself').waitFor();
  assert.equal(await watched.page.locator('table tbody tr').count(), count);
  await closeClean(watched);
}

export async function assertPlainText(site: Site, path: string): Promise<void> {
  const watched = await site.open(path);
  assert.equal(await watched.page.locator('img, iframe, object, embed').count(), 0);
  await closeClean(watched);
}
