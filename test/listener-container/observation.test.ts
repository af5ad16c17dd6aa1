/** What the listener tells of itself: metrics in CloudWatch's embedded format, and audit messages. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditId } from '../../core/audit/audit-messages.ts';
import { LISTENER_METRICS } from '../../core/contracts/metrics.ts';
import { createListenerMetrics } from '../../listener-container/observation/metrics.ts';
import { createObserver } from '../../listener-container/observation/observer.ts';
import { contextOf } from '../support/received-instances.ts';
import { listening } from './listening.ts';
import { RawPeer } from './raw-peer.ts';

const NOW = 1_700_000_000_000;

const Metric = z.object({
  _aws: z.object({
    Timestamp: z.literal(NOW),
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.literal('Gantry'),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

const observed = () => {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const clock = (): number => NOW;
  const metrics = createListenerMetrics({ deployment: 'd', clock, write });
  const observer = createObserver({ metrics, write, clock, source: 'd' });
  const values = () =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => '_aws' in line);
  const audited = () =>
    lines
      .map((line) => JSON.parse(line) as { stream?: string; AuditMessage?: AuditedEvent })
      .flatMap(({ stream, AuditMessage }) =>
        stream === 'audit' && AuditMessage !== undefined ? [AuditMessage] : [],
      );
  return { lines, metrics, observer, values, audited };
};

interface AuditedEvent {
  readonly EventIdentification: {
    readonly EventID: { readonly csdCode: string };
    readonly EventTypeCode?: { readonly csdCode: string };
    readonly EventOutcomeIndicator: number;
  };
  readonly ActiveParticipant: readonly unknown[];
  readonly ParticipantObjectIdentification?: readonly {
    readonly ParticipantObjectID: string;
    readonly ParticipantObjectDescription?: unknown;
  }[];
}

const FACTS = { sopInstanceUid: '1.2.840.99.1' };
const answered = (status = 0, studyInstanceUid = '1.2.840.99.2') => ({
  ...{ context: contextOf(FACTS), outcome: { status }, bytes: 1000 },
  ...{ patientId: 'Doe^Jane', studyInstanceUid },
});
const attempt = { ...contextOf(FACTS), certificateFingerprint: 'ab' };

describe('metrics', () => {
  it('are one line for what came together, with names and units of the contract', () => {
    const { metrics, observer, values } = observed();
    observer.associationOpened();
    observer.instanceAnswered(answered());
    observer.instanceAnswered(answered());
    observer.objectWritten(12.5);
    observer.objectWritten(7);
    observer.itemsWritten(3);
    metrics.begin(() => ({ associationsActive: 1, certificateDaysLeft: undefined }));
    metrics.stop();

    const [line] = values();
    expect(values()).toHaveLength(1);
    expect(line).toMatchObject({
      ...{ Deployment: 'd', AssociationsOpened: 1, InstancesStored: 2, BytesReceived: 2000 },
      ...{ ObjectWriteTime: [12.5, 7], ItemWriteTime: [3], AssociationsActive: 1 },
    });
    expect(line).not.toHaveProperty('CertificateDaysLeft');
    const [{ Metrics, Dimensions }] = Metric.parse(line)._aws.CloudWatchMetrics;
    expect(Dimensions).toEqual([['Deployment']]);
    expect(Object.values(LISTENER_METRICS).map(({ name, unit }) => `${name} ${unit}`)).toEqual(
      expect.arrayContaining(Metrics.map(({ Name, Unit }) => `${Name} ${Unit}`)),
    );
  });

  it('tell refusals by reason, each in a line of its own', () => {
    const { metrics, observer, values } = observed();
    const rejection = { type: 'associate-reject', result: 1, source: 1, reason: 7 } as const;
    observer.associationRefused(attempt, { rejection, code: 'c', message: 'm' });
    observer.associationRefused(attempt, { rejection, code: 'c', message: 'm' });
    observer.instanceAnswered(answered(0xa700));
    observer.handshakeFailed('10.1.2.3');
    metrics.flush();

    expect(
      values().map(({ Reason, AssociationsRefused, InstancesRefused }) => [
        ...[Reason, AssociationsRefused, InstancesRefused],
      ]),
    ).toEqual([
      [undefined, undefined, undefined],
      ['1/1/7', 2, undefined],
      ['A700', undefined, 1],
      ['tls', 1, undefined],
    ]);
    metrics.flush();
    expect(values()).toHaveLength(4);
  });

  it('have at most a hundred values in a line, as the format allows', () => {
    const { metrics, values } = observed();
    for (let index = 0; index < 250; index += 1) metrics.observe('itemWriteTime', index);
    metrics.flush();

    expect(values().map((line) => (line['ItemWriteTime'] as number[]).length)).toEqual([
      100, 100, 50,
    ]);
  });
});

describe('audit messages', () => {
  it('tell the beginning and the end of each study’s transfer in an association', () => {
    const { observer, audited } = observed();
    for (const study of ['1.2.840.99.2', '1.2.840.99.2', '1.2.840.99.3']) {
      observer.instanceAnswered(answered(0, study));
    }
    observer.instanceAnswered(answered(0xc000, '1.2.840.99.3'));
    observer.associationEnded(attempt);
    observer.associationEnded(attempt);

    expect(
      audited().map(({ EventIdentification: { EventID, EventOutcomeIndicator } }) => [
        ...[EventID.csdCode, EventOutcomeIndicator],
      ]),
    ).toEqual([
      ['110102', 0],
      ['110102', 0],
      ['110104', 0],
      ['110104', 4],
    ]);
    expect(audited()[2]?.ParticipantObjectIdentification).toMatchObject([
      {
        ParticipantObjectID: auditId('1.2.840.99.2'),
        ParticipantObjectDescription: {
          SOPClass: [{ UID: contextOf(FACTS).sopClassUid, NumberOfInstances: 2 }],
        },
      },
      { ParticipantObjectID: auditId('Doe^Jane') },
    ]);
    expect(audited()[2]?.ActiveParticipant).toMatchObject([
      {
        AlternativeUserID: 'AETITLES=CT1',
        UserIsRequestor: true,
        NetworkAccessPointID: '127.0.0.1',
      },
      { AlternativeUserID: 'AETITLES=GANTRY' },
    ]);
  });

  it('and metrics have nothing of a patient and no UID of an instance or a study', () => {
    const { lines, metrics, observer } = observed();
    observer.instanceAnswered(answered());
    observer.instanceAnswered(answered(0xa900));
    observer.associationEnded(attempt);
    metrics.flush();

    expect(lines.join('\n')).not.toMatch(/Doe|Jane|1\.2\.840\.99/);
  });

  it('tell start and stop, and who was turned away', () => {
    const { observer, audited } = observed();
    const rejection = { type: 'associate-reject', result: 1, source: 1, reason: 3 } as const;
    observer.started();
    observer.associationRefused(attempt, { rejection, code: 'c', message: 'm' });
    observer.handshakeFailed('10.1.2.3');
    observer.stopped();

    expect(
      audited().map(({ EventIdentification: { EventID, EventTypeCode } }) => [
        ...[EventID.csdCode, EventTypeCode?.csdCode],
      ]),
    ).toEqual([
      ['110100', '110120'],
      ['110113', '110126'],
      ['110113', '110126'],
      ['110100', '110121'],
    ]);
  });
});

describe('a listener', () => {
  it('tells of the associations that it opens and refuses', async () => {
    const { metrics, observer, values } = observed();
    const { port, listener } = await listening({ observer, maximumAssociations: 1 });
    const peer = await RawPeer.associated(port);
    await expect(RawPeer.associated(port)).rejects.toThrow();
    peer.socket.destroy();
    await listener.stop(1000);
    metrics.flush();

    expect(values()).toMatchObject([
      { AssociationsOpened: 1 },
      { AssociationsRefused: 1, Reason: '2/3/2' },
    ]);
  });
});
