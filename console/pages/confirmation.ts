/** A question before something is done that cannot be undone: what exactly, and two buttons. */
import { element, type View } from '../lib/view.ts';
import { button } from './parts.ts';

export interface Question {
  readonly title: string;
  /** What will be done, to what. */
  readonly content: View;
  /** On the button that does it. */
  readonly action: string;
  /** What it does is lost for good. */
  readonly deletes?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

export const confirmation = ({
  title,
  content,
  action,
  deletes,
  onConfirm,
  onCancel,
}: Question): View =>
  element(
    'dialog',
    { key: 'question', 'aria-labelledby': 'question', oncancel: onCancel },
    element('h2', { id: 'question' }, title),
    element('div', { class: 'asked' }, content),
    element(
      'div',
      { class: 'buttons' },
      // The first button has the focus when the dialog opens: the one that changes nothing.
      button('Leave it as it is', onCancel),
      button(action, onConfirm, { class: deletes === true ? 'danger' : 'strong' }),
    ),
  );
