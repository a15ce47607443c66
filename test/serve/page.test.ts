import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeWav } from '../../src/data/sounds/wav.js';
import { encodeWav } from '../../src/serve/page/wav.js';
import { startBrowser } from '../support/browser.js';
import { predictorIn, temporaryFolder } from '../support/predictor.js';
import { TARGETS } from '../support/runs.js';
import { soundPredictor, testPredictor, testServer } from '../support/serve.js';
import { testSound } from '../support/sounds.js';

const predictor = testPredictor();
const folder = temporaryFolder();
let browser: Browser | string;
let url: string;
let photo: Buffer;
beforeAll(async () => {
  browser = await startBrowser();
  ({ url } = await testServer(predictor()));
  photo = await sharp({ create: { width: 12, height: 8, channels: 3, background: '#a03020' } })
    .png()
    .toBuffer();
});
afterAll(async () => {
  if (typeof browser !== 'string') await browser.close();
});

test('the page is one file, whose policy allows its own script and style alone', async () => {
  const response = await fetch(url);
  const page = await response.text();
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  for (const [tag, directive] of [
    ['script', 'script-src'],
    ['style', 'style-src'],
  ]) {
    const [, ...contents] = new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`).exec(page) ?? [];
    const hash = createHash('sha256').update(contents[0]).digest('base64');
    expect(policy).toContain(`${directive} 'sha256-${hash}'`);
    expect(page.match(new RegExp(`<${tag}\\b`, 'g'))?.length).toBe(1);
  }
  expect(page).not.toMatch(/(?:src|href)="(?!data:,")|url\(|@import|^import|^export/m);
  expect(policy).not.toMatch(/unsafe|\*/);
});

test('recordings are WAV files that Tessera reads', () => {
  const samples = testSound(500).map((value) => value / 2);
  const { sampleRate, channels } = decodeWav(new Uint8Array(encodeWav(samples, 8000)));
  expect([sampleRate, channels.length, channels[0].length]).toEqual([8000, 1, 500]);
  for (const [at, value] of channels[0].entries()) expect(Math.abs(value - samples[at])).toBeLessThan(1e-4);
});

/** Opens the page; whatever it complains of fails the test. */
async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await (browser as Browser).newPage(options);
  page.on('console', (message) => expect.soft(message.text()).toBe('nothing on the console'));
  page.on('pageerror', (error) => expect.soft(error).toBeUndefined());
  await page.goto(url);
  await page.getByLabel('title').waitFor();
  return page;
}

test('a visitor drops a picture, types a text, and sees the class and which field decided', async ({ skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const page = await open();
  expect(await page.title()).toBe('label · model');
  // A drop of a file, as a browser dispatches it.
  const files = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(bytes)], 'photo.png', { type: 'image/png' }));
    return transfer;
  }, Array.from(photo));
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: files });
  await page.getByAltText('the picture that was chosen for photo').waitFor();
  await page.getByLabel('title').fill('a <b>car</b> of 3');
  await page.getByLabel('price').fill('2.5');
  await page.getByLabel('used').selectOption('no');
  await page.getByLabel('date').fill('2024-05-06');
  await page.getByLabel('tall').check();
  await page.getByLabel('price').press('Enter');
  await page.locator('.effects').waitFor();

  const row = { title: 'a <b>car</b> of 3', price: 2.5, used: false, sold: '2024-05-06', traits: ['tall'], photo };
  const { prediction, probabilities = {} } = await predictor().predict(row);
  expect(await page.locator('.prediction').textContent()).toBe(prediction);
  const ranked = Object.entries(probabilities).sort(([, a], [, b]) => b - a);
  expect(await page.locator('.bars li').allTextContents()).toEqual(
    ranked.map(([name, value]) => `${name}${(100 * value).toFixed(1)}%`),
  );
  const names = await page.locator('.effects strong').allTextContents();
  expect(names.sort()).toEqual(['photo', 'price', 'sold', 'title', 'traits', 'used']);
  expect(await page.locator('.words').textContent()).toBe(row.title);
  expect(await page.locator('.words mark').allTextContents()).toEqual(['a', 'b', 'car', 'b', 'of', '3']);
  await page.getByRole('img', { name: /^The strongest: .* of 8 × 8$/ }).waitFor();
  await page.getByText('How this is computed').click();
  await page.getByText('effect = s(row) − s(row without it)').waitFor();

  await page.getByRole('button', { name: 'Clear' }).click();
  expect(await page.locator('.prediction').count()).toBe(0);
  expect(await page.getByAltText('the picture that was chosen for photo').isVisible()).toBe(false);
  await page.close();
});

test.for([
  ['number', /^−?[\d.e-]+$/, 0],
  ['tags', /^(?:no tag|[a-z, ]+)$/, 3],
  ['ordinal', /^[123]$/, 3],
] as const)('a page predicts the target %s', async ([target, prediction, bars], { skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const own = await testServer(await predictorIn(path.join(folder, target), TARGETS[target], ['text', 'number']));
  const page = await browser.newPage();
  page.on('pageerror', (error) => expect.soft(error).toBeUndefined());
  await page.goto(own.url);
  await page.getByLabel('title').fill('a tree');
  await page.getByLabel('price').fill('1.5');
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.locator('.effects').waitFor();
  expect(await page.locator('.prediction').textContent()).toMatch(prediction);
  expect(await page.locator('.bars li').count()).toBe(bars);
  expect(await page.locator('.effects li').count()).toBe(2);
  await page.close();
});

test('a visitor records a sound', async ({ skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const own = await testServer(await soundPredictor(path.join(folder, 'sound')));
  const context = await browser.newContext({ permissions: ['microphone'] });
  const page = await context.newPage();
  await page.goto(own.url);
  await page.getByRole('button', { name: 'Record' }).click();
  await page.getByText('recording, up to 0.5 s').waitFor();
  await page.getByText('recorded').waitFor();
  await page.getByLabel('the sound that was chosen for clip').waitFor();
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.getByRole('img', { name: /^The strongest: .* of 0\.\d\d$/ }).waitFor();
  await context.close();
});

test('a picture that is none is refused beside its field', async ({ skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const page = await (browser as Browser).newPage();
  await page.goto(url);
  const input = page.getByLabel('photo');
  await input.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.getByText(/^photo: .*expected a PNG, JPEG, WebP or GIF image/).waitFor();
  expect(await input.getAttribute('aria-invalid')).toBe('true');
  expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.close();
});

test('on a phone nothing is wider than the screen, in dark colors too; every control has a name', async ({ skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const page = await open({ viewport: { width: 360, height: 700 }, colorScheme: 'dark' });
  await page.getByLabel('title').fill('a very_long_word_that_does_not_end'.repeat(9));
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.locator('.effects').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  const nameless = await page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLInputElement>('input, select, textarea'))
      .filter((element) => element.labels?.length === 0 && element.ariaLabel === null)
      .map((element) => element.outerHTML),
  );
  expect(nameless).toEqual([]);
  await page.close();
});

test('a server that has ended is told', async ({ skip }) => {
  if (typeof browser === 'string') return skip(browser);
  const own = await testServer(predictor());
  const page = await (browser as Browser).newPage();
  await page.goto(own.url);
  await page.getByLabel('price').fill('1');
  await own.close();
  await page.getByRole('button', { name: 'Predict' }).click();
  await page.getByText('the server does not answer; is it still running?').waitFor();
  await page.close();
});
