/**
 * Makes the children of an element equal to views, and changes nothing that is equal already: a redraw every
 * second keeps focus, selection and scroll position. The only place that writes into the document.
 */
import { viewsOf, type ElementView, type Field, type Properties, type View } from './view.ts';

/** Are the document's own states, and change by what a person does: set as properties. */
const STATES = new Set(['checked', 'disabled', 'hidden', 'open', 'value']);

interface Drawn {
  readonly key: string | undefined;
  properties: Properties;
}

const drawn = new WeakMap<Element, Drawn>();

const fieldOf = (node: HTMLElement): Field => ({
  value: node instanceof HTMLInputElement || node instanceof HTMLSelectElement ? node.value : '',
  checked: node instanceof HTMLInputElement && node.checked,
});

const handle = (event: Event): void => {
  const node = event.currentTarget;
  if (!(node instanceof HTMLElement)) return;
  const handler = drawn.get(node)?.properties[`on${event.type}`];
  if (typeof handler !== 'function') return;
  // A form is not sent, and a dialog not closed: the handler decides what is shown next.
  if (event.type === 'submit' || event.type === 'cancel') event.preventDefault();
  handler(fieldOf(node));
};

const isOpenDialog = (node: Node): node is HTMLDialogElement =>
  node instanceof HTMLDialogElement && node.open;

const setState = (node: HTMLElement, name: string, value: unknown): void => {
  const states = node as unknown as Record<string, unknown>;
  if (states[name] !== value) states[name] = value;
};

const setProperty = (node: HTMLElement, name: string, value: Properties[string]): void => {
  if (name.startsWith('on')) return;
  if (STATES.has(name)) setState(node, name, value ?? (name === 'value' ? '' : false));
  else if (value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
};

const setProperties = (node: HTMLElement, before: Properties, after: Properties): void => {
  for (const name of Object.keys(after)) {
    if (name.startsWith('on') && !(name in before)) node.addEventListener(name.slice(2), handle);
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    setProperty(node, name, after[name]);
  }
};

const drawElement = (node: HTMLElement, view: ElementView): void => {
  const known = drawn.get(node);
  const before = known?.properties ?? {};
  drawn.set(node, { key: view.key, properties: view.properties });
  // Options come before the value that chooses one of them.
  draw(node, view.children);
  setProperties(node, before, view.properties);
};

const isSame = (node: ChildNode, view: ElementView | string): boolean =>
  typeof view === 'string'
    ? node instanceof Text
    : node instanceof HTMLElement &&
      node.localName === view.tag &&
      drawn.get(node)?.key === view.key;

const make = (view: ElementView | string): ChildNode =>
  typeof view === 'string' ? document.createTextNode(view) : document.createElement(view.tag);

export const draw = (parent: Element, ...views: readonly View[]): void => {
  const left = [...parent.childNodes];
  for (const [index, view] of viewsOf(views).entries()) {
    const found = left.findIndex((node) => isSame(node, view));
    const node = (found === -1 ? undefined : left.splice(found, 1)[0]) ?? make(view);
    if (typeof view === 'string') {
      if (node.nodeValue !== view) node.nodeValue = view;
    } else {
      drawElement(node as HTMLElement, view);
    }
    const place = parent.childNodes[index];
    if (place !== node) parent.insertBefore(node, place ?? null);
    if (node instanceof HTMLDialogElement && !node.open) node.showModal();
  }
  for (const node of left) {
    // Gives the focus back to where it was before.
    if (isOpenDialog(node)) node.close();
    node.remove();
  }
};
