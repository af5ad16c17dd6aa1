/** The sentences of decisions about received instances: what was wrong, what was done, and the command that changes it. */
import type { DuplicatePolicy } from '../../core/contracts/vocabulary.ts';
import type { Decision } from '../admission/admission-policy.ts';
import type {
  AssociationFacts,
  ReceptionContext,
  StoreOutcome,
} from '../services/instance-receiver.ts';

const change = ({ calledAeTitle }: ReceptionContext, option: string): string =>
  `gantry ae-title set '${calledAeTitle}' ${option}`;

const NO_SETTING = 'Its device has to be mended: no setting changes this.';

/** `storable`: with `uidMismatch: store` it would be stored. */
export const mismatchRefused = (
  context: ReceptionContext,
  differs: string,
  storable: boolean,
): Decision => ({
  code: 'uid-mismatch',
  message:
    `${context.callingAeTitle} sent a data set whose ${differs} is not that of its request; it was refused ` +
    '(A900). ' +
    (storable
      ? `To store such data sets as what they say they are: ${change(context, '--uid-mismatch store')}`
      : NO_SETTING),
});

export const mismatchStored = (context: ReceptionContext, differs: string): Decision => ({
  code: 'uid-mismatch',
  message:
    `${context.callingAeTitle} sent a data set whose ${differs} is not that of its request; it was stored, ` +
    `unaltered, as what it says it is, and answered with a warning (B007). To refuse such data sets: ` +
    change(context, '--uid-mismatch refuse'),
});

/** `keepable`: with `unparsable: unrouted` it would be kept. */
export const unreadableRefused = (
  context: ReceptionContext,
  problem: string,
  keepable: boolean,
): Decision => ({
  code: 'data-set-refused',
  message:
    `${context.callingAeTitle} sent a data set that was refused (C000): ${problem}. ` +
    (keepable
      ? `To keep what cannot be read among the unrouted instances: ${change(context, '--unparsable unrouted')}`
      : NO_SETTING),
});

/** As in `A700`. */
const code = ({ status }: StoreOutcome): string =>
  status.toString(16).toUpperCase().padStart(4, '0');

export const requestRefused = (
  { callingAeTitle }: AssociationFacts,
  outcome: StoreOutcome,
): Decision => ({
  code: 'request-refused',
  message:
    `${callingAeTitle} sent an instance that was refused (${code(outcome)}): ${outcome.errorComment ?? ''}. ` +
    NO_SETTING,
});

export const notStored = (
  { callingAeTitle }: AssociationFacts,
  outcome: StoreOutcome,
): Decision => ({
  code: 'instance-not-stored',
  message:
    `${callingAeTitle} sent an instance that could not be stored, and was told so (${code(outcome)}): ` +
    `${outcome.errorComment ?? ''}. What failed is in the log of the listener.`,
});

export const duplicateRefused = (context: ReceptionContext): Decision => ({
  code: 'instance-conflict',
  message:
    `${context.callingAeTitle} sent an instance that ${context.calledAeTitle} has with other bytes; the first ` +
    `one is kept, and this one was refused (0111). To keep both: ${change(context, '--duplicates keepBoth')}`,
});

const KEPT: Record<DuplicatePolicy, string> = {
  keepBoth: 'both are kept, and both are in their groups',
  keepFirst: 'both came at the same moment, and both are kept',
  replace: 'it replaces the other in its group, unless that was sealed before',
};

export const conflictKept = (context: ReceptionContext, policy: DuplicatePolicy): Decision => ({
  code: 'instance-conflict',
  message:
    `${context.callingAeTitle} sent an instance that ${context.calledAeTitle} has with other bytes: ` +
    `${KEPT[policy]}. To decide otherwise: ` +
    change(context, '--duplicates keepBoth|keepFirst|replace'),
});
