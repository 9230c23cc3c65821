// The cost page in a real browser: what stands first, where clicks lead, what a filter changes, what is saved as CSV.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
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

/** Clicks a stack of the chart, near its foot. */
async function clickChart(page: Page): Promise<void> {
  const plot = page.locator('.u-over').first();
  await plot.waitFor();
  const box = await plot.boundingBox();
  assert.ok(box);
  await page.mouse.click(box.x + box.width - 60, box.y + box.height - 3);
}

describe('cost', () => {
  it('begins with a day, and with what has no price, ready to copy', async () => {
    const watched = await site.open('/cost', { permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = watched;
    await page.getByText('Last 24 hours').waitFor();
    const unpriced = page.getByRole('region', { name: 'Usage without a price' });
    await unpriced.getByText('vllm/llama-3.3-70b: { input: …, output: … }').waitFor();
    const top = await unpriced.boundingBox();
    const sums = await page.getByRole('heading', { name: 'Saved by caches' }).boundingBox();
    assert.ok(top && sums && top.y < sums.y);
    await unpriced.getByRole('button').click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^prices:\n( {2}.+: \{ input: …, output: … \}\n?)+$/);
    await unpriced.getByRole('link', { name: 'vllm/llama-3.3-70b' }).click();
    await page.waitForURL(/\/traces\?/);
    assert.equal(parameter(page, 'q'), 'provider:vllm model:llama-3.3-70b');
    assert.equal(parameter(page, 'from'), 'now-24h');
    await closeClean(watched);
  });
  it('never says a whole cost where a part has no price', async () => {
    const watched = await site.open('/cost?by=model');
    const line = rows(watched.page, 'Cost by model');
    await line.filter({ hasText: 'llama-3.3-70b' }).getByText('unpriced').waitFor();
    assert.match((await watched.page.locator('a.figure').first().innerText()).replaceAll('\n', ' '), /^Cost ≥ \$/);
    await closeClean(watched);
  });
  it('tells the month and its forecast with an interval', async () => {
    const watched = await site.open('/cost');
    const month = watched.page.getByRole('region', { name: 'This month' });
    await month.getByText('Expected at its end').waitFor();
    await month
      .getByText(/Nine of ten months like these days end between \$.* and \$.*no growth, holidays or plans/)
      .waitFor();
    await month.getByRole('link').first().click();
    await watched.page.waitForURL(/\/traces\?/);
    assert.equal(new Date(Number(parameter(watched.page, 'from'))).getUTCDate(), 1);
    await closeClean(watched);
  });
  it('is cut by each dimension, and each line leads to its traces', async () => {
    for (const [by, name, condition] of [
      ['provider', 'Provider', /^provider:/], ['model', 'Model', /^model:/], ['route', 'Route', /^route:/], ['team', 'Team', /^team:/],
      ['user', 'User', /^user:/], ['prompt', 'Prompt version', /^prompt:[^@]+$/], ['key', 'Key', /^key:/],
    ] as const) {
      const watched = await site.open('/cost?from=now-3h');
      const { page } = watched;
      await page.getByRole('button', { name, exact: true }).click();
      const link = rows(page, `Cost by ${name.toLowerCase()}`).locator('a').first();
      await link.waitFor();
      assert.equal(parameter(page, 'by'), by === 'provider' ? '' : by);
      await link.click();
      await page.waitForURL(/\/traces\?/);
      assert.match(parameter(page, 'q'), condition);
      assert.equal(parameter(page, 'from'), 'now-3h');
      await closeClean(watched);
    } // prettier-ignore
  });
  it('finds the names of tags, and takes any other', async () => {
    const watched = await site.open('/cost');
    const { page } = watched;
    await page.getByRole('button', { name: 'Tag', exact: true }).click();
    await page.waitForFunction(() => /tag=(feature|release)/.test(location.search));
    await page.getByLabel('Name of the tag').fill('feature');
    await page.keyboard.press('Enter');
    const link = rows(page, 'Cost by tag').locator('a', { hasText: 'digest' });
    await link.click();
    await page.waitForURL(/\/traces\?/);
    assert.equal(parameter(page, 'q'), 'tag.feature:digest');
    await closeClean(watched);
  });
  it('leads from a stack of the chart to that step and that group', async () => {
    const watched = await site.open('/cost?by=team');
    await clickChart(watched.page);
    await watched.page.waitForURL(/\/traces\?/);
    assert.equal(Number(parameter(watched.page, 'to')) - Number(parameter(watched.page, 'from')), HOUR);
    assert.match(parameter(watched.page, 'q'), /^team:/);
    await closeClean(watched);
  });
  it('obeys the filter, and says what a filter does not know', async () => {
    const watched = await site.open('/cost?by=model');
    const { page } = watched;
    const all = await page.locator('a.figure', { hasText: 'Calls' }).innerText();
    await page.getByLabel('Filter', { exact: true }).fill('team:support');
    await page.keyboard.press('Enter');
    await page.getByText('not known under a filter').waitFor();
    assert.notEqual(await page.locator('a.figure', { hasText: 'Calls' }).innerText(), all);
    await rows(page, 'Cost by model').locator('a').first().click();
    await page.waitForURL(/\/traces\?/);
    assert.match(parameter(page, 'q'), /^team:support model:/);
    await page.goBack();
    await page.getByRole('button', { name: 'Prompt version' }).click();
    await page.getByText('A filter does not know prompt versions').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Clear the filter' }).click();
    await rows(page, 'Cost by prompt version').first().waitFor();
    await closeClean(watched);
  });
  it('saves the table as CSV with what nobody knows left empty', async () => {
    const watched = await site.open('/cost?by=model');
    const link = watched.page.getByRole('link', { name: 'CSV' });
    const [download] = await Promise.all([watched.page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), 'cost-by-model.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    assert.equal(lines[0]?.split(',')[0], 'model');
    assert.equal(lines.length - 1, await rows(watched.page, 'Cost by model').count());
    assert.match(lines.find((line) => line.startsWith('llama')) ?? '', /^llama-3\.3-70b,,,\d+,/);
    await closeClean(watched);
  });
  it('sorts, and keeps order and cut in the address', async () => {
    const watched = await site.open('/cost?by=model&from=now-3h');
    const { page } = watched;
    await page.getByRole('button', { name: 'Per call' }).click();
    const order = await rows(page, 'Cost by model').locator('td.name').allInnerTexts();
    await page.reload();
    await page.waitForLoadState('networkidle');
    assert.equal(await page.getByRole('columnheader', { name: 'Per call' }).getAttribute('aria-sort'), 'descending');
    assert.deepEqual(await rows(page, 'Cost by model').locator('td.name').allInnerTexts(), order);
    await closeClean(watched);
  });
  it('is reached by the rail and by letters', async () => {
    const watched = await site.open('/');
    const { page } = watched;
    await page.getByRole('link', { name: 'Cost', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Cost', exact: true, level: 1 }).waitFor();
    await page.goBack();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByRole('heading', { name: 'Cost', exact: true, level: 1 }).waitFor();
    await watched.close();
    assert.deepEqual(watched.faults, []);
  });
  it('fits a phone, survives hostile names, keeps what it has', async () => {
    const evil = encodeURIComponent(INJECTIONS[1] ?? '');
    for (const path of ['/cost?by=model', `/cost?by=tag&tag=${evil}`]) await assertPlainText(site, path);
    await assertFitsPhone(site, '/cost');
    await assertKeeps(site, '/cost');
  });
});
