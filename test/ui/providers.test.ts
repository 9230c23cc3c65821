// The providers page in a real browser: the heat map and where its cells lead, the keyboard, prices, conformance.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertFitsPhone, assertKeeps, assertPlainText, closeClean, parameter, rows, Site } from './site.ts';
import { INJECTIONS } from './stub-data.ts';

const HOUR = 3_600_000;
let site: Site;

before(async () => {
  site = await Site.start();
});
after(async () => {
  await site?.close();
});

describe('providers', () => {
  it('shows each deployment over time, and each cell leads to its traces', async () => {
    const watched = await site.open('/providers');
    const { page } = watched;
    const strip = page.getByRole('group', { name: 'anthropic-eu over time' });
    await strip.waitFor();
    const cells = strip.getByRole('link');
    assert.ok((await cells.count()) > 24 && (await cells.count()) <= 62);
    await cells.last().hover();
    await page.getByText(/its usual/).waitFor();
    await cells.last().click();
    await page.waitForURL(/\/traces\?/);
    assert.equal(parameter(page, 'q'), 'deployment:anthropic-eu');
    assert.equal(Number(parameter(page, 'to')) - Number(parameter(page, 'from')), HOUR / 2);
    await closeClean(watched);
  });
  it('is walked by keys: rows by j and k, cells by the arrows', async () => {
    const watched = await site.open('/providers');
    const { page } = watched;
    await page.getByRole('table', { name: 'Deployments' }).waitFor();
    for (const key of ['j', 'j', 'k']) await page.keyboard.press(key);
    const first = await page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    assert.match(first, /deployment:/);
    await page.keyboard.press('Tab');
    const before = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    await page.keyboard.press('ArrowRight');
    const next = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    assert.notEqual(before, next);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/traces\?.*deployment/);
    await closeClean(watched);
  });
  it('lists prices with the used ones first, searches them, and opens one', async () => {
    const watched = await site.open('/providers');
    const { page } = watched;
    await page.getByRole('button', { name: 'Models and prices' }).click();
    const list = rows(page, 'Models and prices');
    await list.nth(10).waitFor();
    assert.equal(await list.count(), 100);
    assert.equal(await list.locator('td.name', { hasText: 'listed/' }).first().isVisible(), true);
    assert.doesNotMatch(await list.first().innerText(), /listed/);
    await page.getByRole('button', { name: 'Show the other 203' }).click();
    await list.nth(300).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('opus');
    await page.waitForFunction(() => location.search.includes('model=opus'));
    await page.getByRole('button', { name: 'anthropic/claude-opus-5-5' }).click();
    await page.getByText('Above 200k input tokens').waitFor();
    await page.getByText(/From 2026-03-13, now:.*input \$5\.00/).waitFor();
    await page.getByText(/Before: .*input \$15\.00/).waitFor();
    await page.reload();
    await page.getByText('anthropic/claude-opus-5-5@genai-prices-0.1.8').waitFor();
    await list.first().locator('a').click();
    await page.waitForURL(/\/traces\?/);
    assert.equal(parameter(page, 'q'), 'model:claude-opus-5-5,claude-opus-5-5-2*');
    await closeClean(watched);
  });
  it('says how to price a model that no list has', async () => {
    const watched = await site.open('/providers?tab=prices&model=mine/model-x');
    await watched.page.getByText('No price of that name').waitFor();
    await watched.page.getByText('mine/model-x: { input: …, output: … }').waitFor();
    await closeClean(watched);
  });
  it('shows conformance, or says how to get it', async () => {
    const watched = await site.open('/providers?tab=conformance');
    const { page } = watched;
    if (existsSync(join(import.meta.dirname, '../../docs/conformance.json'))) {
      await page.getByRole('table', { name: 'Conformance of openai_chat' }).waitFor();
      await page.getByRole('img', { name: 'anthropic, tools: a test ran and it works' }).waitFor();
      await page.getByRole('combobox').last().selectOption('anthropic');
      await page.getByRole('table', { name: 'Conformance of anthropic' }).waitFor();
      assert.equal(parameter(page, 'dialect'), 'anthropic');
    } else {
      await page.getByText('No conformance results in this build').waitFor();
    }
    await closeClean(watched);
  });
  it('is reached by the palette', async () => {
    const watched = await site.open('/traces');
    await watched.page.keyboard.press('Control+k');
    await watched.page.keyboard.type('providers');
    await watched.page.keyboard.press('Enter');
    await watched.page.getByRole('heading', { name: 'Providers and models' }).waitFor();
    await watched.close();
    assert.deepEqual(watched.faults, []);
  });
  it('fits a phone, survives hostile names, keeps what it has', async () => {
    const evil = encodeURIComponent(INJECTIONS[1] ?? '');
    for (const path of ['/providers', `/providers?tab=prices&model=${evil}`]) await assertPlainText(site, path);
    for (const tab of ['deployments', 'prices', 'conformance']) await assertFitsPhone(site, `/providers?tab=${tab}`);
    for (const tab of ['deployments', 'prices']) await assertKeeps(site, `/providers?tab=${tab}`);
  });
});
