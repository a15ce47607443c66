import type { Browser } from 'playwright-core';

/**
 * Starts the Chromium of the optional package @sparticuz/chromium, with a microphone that beeps. Returns the reason where
 * it is not installed, or does not start.
 */
export async function startBrowser(): Promise<Browser | string> {
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    const { chromium } = await import('playwright-core');
    const unused = /gpu|webgl|angle|swiftshader|single-process|zygote|headless/i;
    return await chromium.launch({
      executablePath: await packed.executablePath(),
      args: [
        ...packed.args.filter((flag) => !unused.test(flag)),
        ...['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      ],
    });
  } catch (error) {
    return `no browser: ${(error as Error).message.split('\n')[0]}`;
  }
}
