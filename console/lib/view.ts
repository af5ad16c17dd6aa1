/**
 * What a page looks like, as values: elements with texts in them. Pages are functions from what the API said to
 * such values, so they can be tested without a browser; draw.ts makes the document equal to them.
 *
 * Every text becomes a text node. There is no way to write markup: a patient's name is shown as it is, whatever it holds.
 */

/** What a handler may read of the control that it belongs to. */
export interface Field {
  readonly value: string;
  readonly checked: boolean;
}

export type Handler = (field: Field) => void;
/** Names that begin with `on` are handlers; `checked`, `disabled`, `value`, `open` and `hidden` are states; the others are attributes. */
export type Properties = Readonly<Record<string, string | number | boolean | Handler | undefined>>;

export interface ElementView {
  readonly tag: string;
  /** Tells siblings apart whose order changes. */
  readonly key: string | undefined;
  readonly properties: Properties;
  readonly children: readonly (ElementView | string)[];
}

/** A list, or nothing, where a single thing may stand. */
export type View = ElementView | string | number | false | null | undefined | readonly View[];

const flat = (view: View): (ElementView | string)[] => {
  if (view === false || view === null || view === undefined || view === '') return [];
  if (typeof view === 'string') return [view];
  if (typeof view === 'number') return [String(view)];
  return 'tag' in view ? [view] : view.flatMap(flat);
};

/** The views that are there, one after the other. */
export const viewsOf = (...views: readonly View[]): (ElementView | string)[] => views.flatMap(flat);

/** Thrown by {@link element} for an address that leaves the console: what a sender wrote could be one. */
export class ForeignAddress extends Error {
  override readonly name = 'ForeignAddress';
}

/** `key` in the properties is the view's own. */
export const element = (
  tag: string,
  { key, ...properties }: Properties,
  ...children: readonly View[]
): ElementView => {
  const { href } = properties;
  if (href !== undefined && !String(href).startsWith('#/')) throw new ForeignAddress(String(href));
  return {
    tag,
    key: key === undefined ? undefined : String(key),
    properties,
    children: viewsOf(children),
  };
};

/** All texts of a view, as a reader would come across them. */
export const textOf = (...views: readonly View[]): string =>
  viewsOf(views)
    .map((view) => (typeof view === 'string' ? view : textOf(view.children)))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
