// The main job, end to end, in a real browser: start Signalbox, send a call with the official SDK, see it live, open its
// trace, read tokens and cost; sign in where an admin key is set.
import assert from 'node:assert/strict';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { Signalbox } from '../support/proc.ts';
import { openBrowser, watchedPage } from './browser.ts';

const UI = join(import.meta.dirname, '../../ui');
let browser: Browser;

/** The collector serves ui/dist; built here only when it is missing or older than what it is made of. */
async function builtUi(): Promise<void> {
  const sources = globSync('{*,lib/*,pages/*,parts/*,public/*}', { cwd: UI });
  const times = sources.map((file) => statSync(join(UI, file))).filter((info) => info.isFile());
  const newest = Math.max(...times.map(({ mtimeMs }) => mtimeMs));
  const built = statSync(join(UI, 'dist/index.html'), { throwIfNoEntry: false });
  if (!built || built.mtimeMs < newest) await build({ root: UI, logLevel: 'error' });
}

before(async () => {
  await builtUi();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
});

test('a call is seen live, its trace opens, tokens and cost are read', async () => {
  const signalbox = await Signalbox.start({ config: {} });
  const watched = await watchedPage(browser, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  const { page, faults } = watched;
  try {
    await page.goto(signalbox.collectorUrl);
    await page.getByText('No requests in this time range').waitFor();
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    await page.getByText('Waiting for a request').waitFor();

    const openai = new OpenAI({ baseURL: `${signalbox.proxyUrl}/v1`, apiKey: 'none' });
    const messages = [{ role: 'user' as const, content: 'Which platform does the night train leave from?' }];
    const stream = await openai.chat.completions.create({ model: 'simulated/sim-small', messages, stream: true });
    let answer = '';
    for await (const chunk of stream) answer += chunk.choices[0]?.delta.content ?? '';
    assert.notEqual(answer, '');

    const row = page.locator('a.row', { hasText: 'night train' });
    await row.click();
    await page.getByRole('heading', { name: 'POST /v1/chat/completions' }).waitFor();
    const fact = (name: string): Promise<string> =>
      page.locator('dl.big > div', { hasText: name }).locator('dd').innerText();
    assert.match(await fact('Tokens'), /\d+\s*in\s+[1-9]\d*\s*out/);
    assert.match(await fact('Cost'), /\$|unpriced/);
    assert.equal(await fact('Outcome'), 'ok');
    assert.match(await fact('Duration'), /m?s$/);
    await page.locator('article.user', { hasText: 'night train' }).waitFor();
    await page.locator('article.answer', { hasText: answer.slice(0, 40) }).waitFor();
    await page.getByRole('button', { name: 'Story' }).click();
    await page.getByText(/^Request ended: ok/).waitFor();
    await page.getByRole('button', { name: 'curl', exact: true }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('night train'));

    await page.getByRole('link', { name: 'Traces', exact: true }).click();
    await page.locator('a.row', { hasText: 'night train' }).waitFor();
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('link', { name: 'sim-small' }).waitFor();
    await page.getByRole('link', { name: 'Settings and health' }).click();
    await page.getByText('has lost nothing since it started').waitFor();
    assert.deepEqual(faults, []);
    assert.ok((await watched.shift()) < 0.05);
  } finally {
    await watched.close();
    await signalbox.close();
  }
});

test('with an admin key the page asks for it once', async () => {
  const signalbox = await Signalbox.start({ config: { collector: { admin_key: 'correct-horse-battery' } } });
  const watched = await watchedPage(browser, { expected: /status of 401|WebSocket connection to/ });
  const { page } = watched;
  try {
    await page.goto(signalbox.collectorUrl);
    await page.getByLabel('Admin key').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('That is not the admin key').waitFor();
    await page.getByLabel('Admin key').fill('correct-horse-battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No requests in this time range').waitFor();
    await page.goto(`${signalbox.collectorUrl}/live`);
    await page.getByText('Waiting for a request').waitFor();
    assert.deepEqual(watched.faults, []);
  } finally {
    await watched.close();
    await signalbox.close();
  }
});
