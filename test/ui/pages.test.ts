// Every page of pages/index.ts in a real browser, with a full, an empty and a failing API under the collector's content
// security policy; the keyboard, the URL as state, injections, layout shift, and the size of the first page.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { openBrowser, watchedPage, type Watched } from './browser.ts';
import { startStub, type Stub } from './stub-api.ts';
import { AGENT_TRACE, BIG_TRACE, HOSTILE_TRACE, INJECTIONS } from './stub-data.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIRST_PAGE_BYTES = 90_000;
/** What the browser itself says about requests that these tests make fail. */
const PROVOKED = /Failed to load resource|WebSocket connection to/;

let dist: string;
let browser: Browser;
let stub: Stub;

before(async () => {
  dist = await mkdtemp(join(tmpdir(), 'signalbox-ui-'));
  await build({
    root: join(ROOT, 'ui'),
    logLevel: 'error',
    build: { outDir: dist, emptyOutDir: true, manifest: true },
  });
  [browser, stub] = await Promise.all([openBrowser(), startStub({ dist, size: 1500 })]);
});
after(async () => {
  await browser?.close();
  await stub?.close();
  await rm(dist, { recursive: true, force: true });
});

async function open(path: string, expected?: RegExp): Promise<Watched> {
  const watched = await watchedPage(browser, expected ? { expected } : {});
  await watched.page.goto(stub.url + path);
  await settled(watched.page);
  return watched;
}

/** Loaded, and nothing asked for any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.locator('main').first().waitFor();
}

async function closeClean(watched: Watched): Promise<void> {
  const shift = await watched.shift();
  await watched.close();
  assert.deepEqual(watched.faults, []);
  assert.ok(shift < 0.05, `layout shift ${shift}`);
}

function parameter(page: Page, name: string): string {
  return new URL(page.url()).searchParams.get(name) ?? '';
}

/** All pages of the table, with an example for those that take a parameter; read from the source, as node cannot import Svelte. */
async function paths(): Promise<string[]> {
  const source = await readFile(join(ROOT, 'ui/pages/index.ts'), 'utf8');
  const found = [...source.matchAll(/^\s+path: '(\/[^']*)'/gm)].map((match) => match[1] ?? '');
  assert.ok(found.length >= 5);
  return [...found.map((path) => path.replace(':id', AGENT_TRACE)), '/no-such-page'];
}

describe('every page', () => {
  it('opens with traffic', async () => {
    stub.mode = 'full';
    for (const path of await paths()) {
      const watched = await open(path);
      assert.equal(await watched.page.locator('[role=alert]').count(), 0, path);
      assert.ok((await watched.page.locator('h1').textContent())?.trim(), path);
      await closeClean(watched);
    }
  });
  it('opens in the dark, and narrow', async () => {
    stub.mode = 'full';
    for (const path of ['/', '/traces', `/traces/${AGENT_TRACE}`]) {
      const watched = await watchedPage(browser, {
        context: { colorScheme: 'dark', viewport: { width: 900, height: 900 } },
      });
      await watched.page.goto(stub.url + path);
      await settled(watched.page);
      const wide = await watched.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 900, `${path} is ${wide} px wide`);
      await closeClean(watched);
    }
  });
  it('teaches when there is nothing yet', async () => {
    stub.mode = 'empty';
    for (const path of ['/', '/live', '/traces', '/cost', '/providers']) {
      const watched = await open(path);
      await watched.page.getByText('curl http://127.0.0.1:8080/v1/chat/completions').waitFor();
      await closeClean(watched);
    }
    const watched = await open('/settings');
    await closeClean(watched);
  });
  it('explains when the API fails, with the request id, and recovers by itself', async () => {
    stub.mode = 'failing';
    for (const path of ['/', '/traces', `/traces/${AGENT_TRACE}`, '/settings', '/cost', '/providers']) {
      const watched = await open(path, PROVOKED);
      await watched.page.getByText('The store is not ready').first().waitFor();
      await watched.page.getByText('req_5f2c91').first().waitFor();
      await closeClean(watched);
    }
    const live = await open('/live', PROVOKED);
    await live.page.getByText('The live connection is down').waitFor();
    stub.mode = 'full';
    await live.page.locator('a.row').first().waitFor();
    await closeClean(live);
  });
  it('says what is missing when a trace does not exist', async () => {
    stub.mode = 'full';
    const watched = await open(`/traces/${'0'.repeat(32)}`, PROVOKED);
    await watched.page.getByText('No such trace').waitFor();
    await closeClean(watched);
  });
  it('keeps what it has, with its age, while the collector is away', async () => {
    stub.mode = 'full';
    const watched = await open('/traces', PROVOKED);
    const rows = await watched.page.locator('a.row').count();
    stub.mode = 'failing';
    await watched.page.keyboard.press('r');
    await watched.page.getByText('trying again by itself').waitFor();
    assert.equal(await watched.page.locator('a.row').count(), rows);
    stub.mode = 'full';
    await watched.page.getByText('trying again by itself').waitFor({ state: 'detached' });
    await closeClean(watched);
  });
  it('asks for the admin key on 401', async () => {
    stub.mode = 'locked';
    const watched = await watchedPage(browser, { expected: PROVOKED });
    await watched.page.goto(stub.url);
    await watched.page.getByLabel('Admin key').fill('key');
    stub.mode = 'full';
    await watched.page.getByRole('button', { name: 'Sign in' }).click();
    await watched.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await closeClean(watched);
  });
});

describe('hostile text', () => {
  it('is shown as text on every page and tab', async () => {
    stub.mode = 'full';
    const script = INJECTIONS[0] ?? '';
    for (const path of [
      '/',
      '/traces',
      `/traces?sel=${HOSTILE_TRACE}`,
      `/traces?q=${encodeURIComponent(INJECTIONS.join(' '))}`,
    ]) {
      await closeClean(await open(path));
    }
    const watched = await open(`/traces/${HOSTILE_TRACE}`);
    for (const tab of ['Conversation', 'Story', 'Attributes', 'Raw']) {
      await watched.page.getByRole('button', { name: tab, exact: true }).click();
      await watched.page.getByText(script).first().waitFor();
      const folded = watched.page.locator('main details:not([open]) > summary');
      while ((await folded.count()) > 0) await folded.first().click();
    }
    assert.equal(await watched.page.locator('img, iframe, object, embed').count(), 0);
    await closeClean(watched);
  });
});

describe('keyboard', () => {
  it('walks the list, looks at a trace, opens it and comes back', async () => {
    stub.mode = 'full';
    const watched = await open('/traces');
    const { page, faults } = watched;
    await page.locator('a.row').nth(3).waitFor();
    for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
    await page.getByLabel('The chosen trace').waitFor();
    const chosen = parameter(page, 'sel');
    await page.keyboard.press('j');
    await page.waitForFunction((id) => !location.search.includes(id), chosen);
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/traces/${chosen}`);
    await page.getByRole('tree').waitFor();
    await page.keyboard.press('k');
    await page.waitForFunction(() => location.search.includes('span='));
    await page.keyboard.press('Escape');
    await page.getByLabel('The chosen trace').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('The chosen trace').waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
    await watched.close();
  });
  it('writes a filter with completion, goes by palette and by letters', async () => {
    stub.mode = 'full';
    const watched = await open('/traces');
    const { page } = watched;
    await page.keyboard.press('/');
    await page.keyboard.type('mod');
    await page.keyboard.press('Tab');
    await page.getByRole('option', { name: /gpt-5-mini/ }).waitFor();
    await page.keyboard.type('gpt-5-m');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => location.search.includes('model'));
    assert.equal(parameter(page, 'q'), 'model:gpt-5-mini');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.equal(parameter(page, 'q'), 'model:gpt-5-mini');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('live');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
    assert.deepEqual(watched.faults, []);
    await watched.close();
  });
  it('pauses the live tail', async () => {
    const watched = await open('/live');
    await watched.page.locator('a.row').first().waitFor();
    await watched.page.keyboard.press('p');
    await watched.page.getByText(/\d waiting/).waitFor();
    await watched.page.keyboard.press('p');
    await watched.page.getByText(/\d waiting/).waitFor({ state: 'detached' });
    await watched.close();
  });
});

describe('the address', () => {
  it('holds range, filter, order, columns and selection through a reload', async () => {
    stub.mode = 'full';
    const path = `/traces?from=now-3h&q=model:gpt-5.5&sort=-duration&cols=start,model:200,duration,cost&sel=${AGENT_TRACE}`;
    const watched = await open(path);
    const state = async (): Promise<unknown> => [
      await watched.page.getByLabel('Filter', { exact: true }).inputValue(),
      await watched.page.getByRole('columnheader').allInnerTexts(),
      await watched.page.getByRole('columnheader', { name: 'Duration' }).getAttribute('aria-sort'),
      await watched.page.getByText('Last 3 hours').count(),
      await watched.page.getByLabel('The chosen trace').count(),
    ];
    const first = await state();
    assert.deepEqual(first, ['model:gpt-5.5', ['Time', 'Model', 'Duration', 'Cost'], 'descending', 1, 1]);
    await watched.page.reload();
    await settled(watched.page);
    assert.deepEqual(await state(), first);
    await closeClean(watched);
  });
  it('follows a drag over a chart, a click on a facet, and going back', async () => {
    stub.mode = 'full';
    const watched = await open('/');
    const { page } = watched;
    const plot = page.locator('.u-over').first();
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => location.search.includes('from=') && location.search.includes('to='));
    const zoomed = Number(parameter(page, 'to')) - Number(parameter(page, 'from'));
    assert.ok(zoomed > 900_000 && zoomed < 1_300_000, String(zoomed));
    await page.goBack();
    await page.waitForFunction(() => !location.search.includes('from='));
    await page.getByRole('link', { name: 'Traces' }).click();
    await page.getByRole('button', { name: /^error/ }).click();
    await page.waitForFunction(() => location.search.includes('status:error'));
    await settled(page);
    assert.deepEqual(watched.faults, []);
    await watched.close();
  });
  it('leads from a point of a chart and from a number to the traces behind them', async () => {
    stub.mode = 'full';
    const watched = await open('/?from=now-3h');
    const { page } = watched;
    await page.getByRole('link', { name: 'Errors', exact: true }).click();
    await page.waitForURL(/\/traces\?.*status:error/);
    assert.equal(parameter(page, 'from'), 'now-3h');
    await page.goBack();
    const plot = page.locator('.u-over').first();
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box);
    await page.mouse.click(box.x + box.width - 60, box.y + box.height - 4);
    await page.waitForURL(/\/traces\?.*model/);
    assert.ok(Number(parameter(page, 'to')) - Number(parameter(page, 'from')) >= 60_000);
    assert.deepEqual(watched.faults, []);
    await watched.close();
  });
  it('keeps the theme', async () => {
    const watched = await open('/settings');
    await watched.page.getByRole('button', { name: 'Dark', exact: true }).click();
    await watched.page.reload();
    assert.equal(await watched.page.evaluate(() => document.documentElement.dataset['theme']), 'dark');
    await watched.close();
  });
});

describe('size', () => {
  it('draws only the rows in view of a large trace, and moves through them', async () => {
    stub.mode = 'full';
    const watched = await open(`/traces/${BIG_TRACE}`);
    const { page } = watched;
    const spans = Number((await page.getByText(/^[\d,]+ spans$/).textContent())?.replace(/\D/g, ''));
    assert.ok(spans > 1500);
    assert.ok((await page.getByRole('treeitem').count()) < 80);
    await page.getByRole('tree').evaluate((tree) => tree.scrollTo(0, tree.scrollHeight / 2));
    await page.getByRole('treeitem').nth(5).click();
    await page.waitForFunction(() => location.search.includes('span='));
    await closeClean(watched);
  });
  it('loads the first page in less than 90 kB', async () => {
    const manifest = JSON.parse(await readFile(join(dist, '.vite/manifest.json'), 'utf8')) as Manifest;
    const files = new Set<string>();
    const sum = async (): Promise<number> => {
      let bytes = 0;
      for (const file of files) {
        const size = gzipSync(await readFile(join(dist, file))).length;
        console.log(`  ${String(size).padStart(6)} B gzip  ${file}`);
        bytes += size;
      }
      return bytes;
    };
    for (const entry of ['index.html', 'pages/Overview.svelte']) collect(manifest, entry, files);
    // The charts come after the frame, but the page is not itself without them.
    for (const [key, { isDynamicEntry }] of Object.entries(manifest))
      if (isDynamicEntry && /uplot/i.test(key)) collect(manifest, key, files);
    const total = await sum();
    console.log(`  ${String(total).padStart(6)} B gzip  JavaScript and CSS of the overview`);
    assert.ok([...files].some((file) => /uPlot/i.test(file)));
    assert.ok(total < FIRST_PAGE_BYTES, `${total} bytes`);
  });
});

type Manifest = Record<string, { file: string; imports?: string[]; css?: string[]; isDynamicEntry?: boolean }>;

function collect(manifest: Manifest, key: string, files: Set<string>): void {
  const chunk = manifest[key];
  assert.ok(chunk, key);
  for (const file of [chunk.file, ...(chunk.css ?? [])]) if (/\.(js|css)$/.test(file)) files.add(file);
  for (const next of chunk.imports ?? []) if (!files.has(manifest[next]?.file ?? '')) collect(manifest, next, files);
}
