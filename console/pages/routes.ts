/** Which page an address is: what stands behind `#` never leaves the browser, so UIDs are in no server's log. */
import { cachePage } from './cache.ts';
import { nowPage } from './now.ts';
import type { Page, PageContext } from './page.ts';
import { searchPage } from './search.ts';
import { sessionPage } from './session.ts';

/** In the order in which they are offered. */
export const SECTIONS = [
  { name: 'now', title: 'Now' },
  { name: 'cache', title: 'Cache' },
  { name: 'search', title: 'Search' },
] as const;

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** Section and page of an address; unknown ones lead to the first. */
export const pageAt = (
  hash: string,
  context: PageContext,
): { readonly section: string; readonly page: Page } => {
  const [name = '', of = ''] = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  if (name === 'cache') return { section: name, page: cachePage(context, of) };
  if (name === 'search') return { section: name, page: searchPage(context, of) };
  if (name === 'sessions' && of !== '') return { section: 'now', page: sessionPage(context, of) };
  return { section: 'now', page: nowPage(context) };
};
