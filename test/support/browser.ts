/** Debian's Chromium without a window. Whatever a page complains about (a policy, an exception) fails the test. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** A browser that talks to nobody but the pages that it is sent to. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

const onPath = (program: string): string => {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  if (found === undefined) throw new Error(`there is no ${program} on the PATH`);
  return found;
};

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: onPath('chromium'), args: FLAGS });

export interface WatchedPage {
  readonly page: Page;
  /** What the page complained about, dialogs of its scripts included. */
  readonly complaints: string[];
}

/** A window of its own, with nothing kept from others. */
export const openPage = async (browser: Browser): Promise<WatchedPage> => {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (said) => {
    // That a request failed is said by the browser, not by the page.
    if (said.type() === 'error' && !said.text().startsWith('Failed to load resource')) {
      complaints.push(said.text());
    }
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, complaints };
};
