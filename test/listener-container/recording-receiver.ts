/** An InstanceReceiver that keeps what it is given, and answers and stalls as a test asks. */
import type {
  AssociationReceiver,
  InstanceReceiver,
  ReceptionContext,
  StoreOutcome,
} from '../../listener-container/services/instance-receiver.ts';

export interface Recorded {
  readonly context: ReceptionContext;
  readonly chunks: Buffer[];
  ended: boolean;
  closed: boolean;
  aborted: string | undefined;
}

export interface ReceiverBehaviour {
  /** Awaited in each write. */
  readonly write?: (recorded: Recorded) => Promise<void>;
  readonly end?: (recorded: Recorded) => Promise<StoreOutcome>;
}

export class RecordingReceiver implements InstanceReceiver {
  readonly instances: Recorded[] = [];
  /** Statuses of requests that were refused before they were begun. */
  readonly refusals: number[] = [];
  readonly #behaviour: ReceiverBehaviour;

  constructor(behaviour: ReceiverBehaviour = {}) {
    this.#behaviour = behaviour;
  }

  associated(): AssociationReceiver {
    return {
      begin: (context) => this.#begin(context),
      refused: ({ status }) => {
        this.refusals.push(status);
      },
    };
  }

  #begin(context: ReceptionContext) {
    const recorded: Recorded = {
      context,
      chunks: [],
      ended: false,
      closed: false,
      aborted: undefined,
    };
    this.instances.push(recorded);
    return {
      write: async (chunk: Buffer) => {
        await this.#behaviour.write?.(recorded);
        recorded.chunks.push(Buffer.from(chunk));
      },
      end: async (): Promise<StoreOutcome> => {
        const outcome = (await this.#behaviour.end?.(recorded)) ?? { status: 0x0000 };
        recorded.ended = true;
        return outcome;
      },
      close: () => {
        recorded.closed = true;
        return Promise.resolve();
      },
      abort: (reason: string) => {
        recorded.aborted = reason;
        return Promise.resolve();
      },
    };
  }

  /** The data set of an instance as it was received. */
  dataSet(sopInstanceUid: string): Buffer | undefined {
    const found = this.instances.find(({ context }) => context.sopInstanceUid === sopInstanceUid);
    return found === undefined ? undefined : Buffer.concat(found.chunks);
  }
}
