/** What every page is: something that is loaded again and again, and shown as views. */
import type { ApiClient } from '../lib/api-client.ts';
import type { View } from '../lib/view.ts';

/** Said to the person, and to a screen reader, until it is dismissed or the next one is said. */
export interface Notice {
  readonly kind: 'done' | 'failed';
  readonly sentences: readonly string[];
  readonly link?: { readonly href: string; readonly text: string };
}

export interface PageContext {
  readonly api: ApiClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Shows what has changed. */
  readonly redraw: () => void;
  /** Loads the page again, now. */
  readonly reload: () => void;
  readonly notify: (notice: Notice) => void;
  /** Goes to another page: `#/…`. */
  readonly goTo: (address: string) => void;
}

export interface Page {
  /** Heading and title of the window. */
  readonly title: () => string;
  /** Reads what is shown from the API; its failures are those of lib/failures.ts. */
  readonly load: () => Promise<void>;
  /** Called only after something was loaded. */
  readonly view: () => View;
  /** Milliseconds until it is loaded again; undefined: what it shows does not change any more. */
  readonly everyMs: () => number | undefined;
}
