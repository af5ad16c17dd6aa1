/** Who is let in: by configuration and address, and within the listener's capacity; every refusal is recorded. */
import { GANTRY_AE_TITLE } from '../support/ae-titles.ts';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AeTitleItem, type SourceItem } from '../../core/contracts/configuration.ts';
import { REJECTION } from '../../core/upper-layer/reject.ts';
import type {
  AdmissionPolicy,
  AssociationAttempt,
} from '../../listener-container/admission/admission-policy.ts';
import { configuredAdmission } from '../../listener-container/admission/configured-admission.ts';
import { ThrottledRefusals } from '../../listener-container/admission/throttled-refusals.ts';
import { hostsInclude, plainAddress } from '../../listener-container/admission/hosts.ts';
import { until } from '../support/until.ts';
import { RecordingDecisions, listening } from './listening.ts';
import { RawPeer, anAssociateRequest } from './raw-peer.ts';

const anAeTitle = (aeTitle: string): AeTitleItem => ({
  ...GANTRY_AE_TITLE,
  aeTitle,
});

/** A configuration in memory that counts how often it is read. */
const configured = (sources: SourceItem[] = []) => {
  const state = { aeTitles: [anAeTitle('GANTRY')], sources, reads: 0, broken: false };
  const list = <T>(items: () => T[]) => ({
    list: () => {
      if (state.broken) return Promise.reject(new Error('unreachable'));
      return Promise.resolve(items());
    },
    get: () => Promise.resolve(undefined),
    put: () => Promise.resolve(),
    remove: () => Promise.resolve(false),
  });
  const clock = { now: 0 };
  const policy = configuredAdmission(
    {
      aeTitles: list(() => {
        state.reads += 1;
        return state.aeTitles;
      }),
      sources: list(() => state.sources),
    },
    () => clock.now,
  );
  return { policy, state, clock };
};

const attempt = (
  changes: { calledAeTitle?: string; callingAeTitle?: string; remoteAddress?: string } = {},
) => ({ calledAeTitle: 'GANTRY', callingAeTitle: 'CT7', remoteAddress: '127.0.0.1', ...changes });

const decided = async (policy: AdmissionPolicy, who: AssociationAttempt) =>
  (await policy.decide(who)) ?? { grant: {} };

describe('without any source', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1'])(
    'everybody may call from %s',
    async (remoteAddress) => {
      const { policy } = configured();

      expect(await policy.decide(attempt({ remoteAddress }))).toHaveProperty('grant');
    },
  );

  it('nobody may call from elsewhere, and the record names the command', async () => {
    const { policy } = configured();

    const { refusal } = await decided(policy, attempt({ remoteAddress: '10.1.2.3' }));

    expect(refusal?.rejection).toMatchObject({ result: 1, source: 1, reason: 3 });
    expect(refusal?.message).toContain('gantry source set CT7 --host 10.1.2.3/32');
  });
});

describe('with sources', () => {
  const sources = [
    { aeTitle: 'CT7', hosts: ['10.1.0.0/16', 'fd00::/8', 'no-address'] },
    { aeTitle: 'ANYWHERE', hosts: [] },
  ];

  it.each([
    { callingAeTitle: 'CT7', remoteAddress: '10.1.2.3' },
    { callingAeTitle: 'CT7', remoteAddress: 'fd00::1' },
    { callingAeTitle: 'ANYWHERE', remoteAddress: '192.0.2.1' },
  ])('$callingAeTitle may call from $remoteAddress', async (caller) => {
    const { policy } = configured(sources);

    expect(await policy.decide(attempt(caller))).toHaveProperty('grant');
  });

  it.each([
    { callingAeTitle: 'CT7', remoteAddress: '10.2.2.3' },
    { callingAeTitle: 'CT7', remoteAddress: '127.0.0.1' },
    { callingAeTitle: 'MR 1', remoteAddress: '10.1.2.3' },
    { callingAeTitle: 'ct7', remoteAddress: '10.1.2.3' },
  ])('$callingAeTitle may not call from $remoteAddress', async (caller) => {
    const { policy } = configured(sources);

    const { refusal } = await decided(policy, attempt(caller));

    expect(refusal?.rejection).toMatchObject({ result: 1, source: 1, reason: 3 });
    expect(refusal?.message).toContain('gantry source set');
  });

  it.each([
    { titles: { callingAeTitle: '' }, reason: 3, message: 'without an AE title of its own' },
    { titles: { calledAeTitle: '' }, reason: 7, message: 'without an AE title of this listener' },
  ])('who calls $message is told to set one', async ({ titles, reason, message }) => {
    const { policy } = configured(sources);

    const { refusal } = await decided(policy, attempt(titles));

    expect(refusal?.rejection).toMatchObject({ result: 1, source: 1, reason });
    expect(refusal?.message).toContain(message);
    expect(refusal?.message).not.toContain('gantry');
  });

  it('the command for another address keeps those that the source has', async () => {
    const { policy } = configured(sources);

    const { refusal } = await decided(policy, attempt({ remoteAddress: '10.2.2.3' }));

    expect(refusal?.message).toMatch(
      /gantry source set CT7 --host 10\.1\.0\.0\/16 --host fd00::\/8 --host no-address --host 10\.2\.2\.3\/32$/,
    );
  });
});

describe('the configuration', () => {
  it('is read at most every two seconds', async () => {
    const { policy, state, clock } = configured();

    await policy.decide(attempt());
    clock.now = 1999;
    await policy.decide(attempt());
    expect(state.reads).toBe(1);
    clock.now = 2000;
    await policy.decide(attempt());

    expect(state.reads).toBe(2);
  });

  it('is read again before anybody is refused, so that who was just added may call at once', async () => {
    const { policy, state, clock } = configured();
    await policy.decide(attempt());
    const [known] = state.aeTitles;
    state.aeTitles = [...state.aeTitles, { ...known!, aeTitle: 'NEW' }];

    clock.now = 100;

    expect(await policy.decide(attempt({ calledAeTitle: 'NEW' }))).toHaveProperty('grant');
    expect(await policy.decide(attempt({ calledAeTitle: 'OLD' }))).toHaveProperty('refusal');
    expect(state.reads).toBe(2);
  });

  it('is read again by the next caller after it could not be', async () => {
    const { policy, state } = configured();
    state.broken = true;
    await expect(policy.decide(attempt())).rejects.toThrow('unreachable');
    state.broken = false;

    expect(await policy.decide(attempt())).toHaveProperty('grant');
  });
});

describe('an association', () => {
  it('is rejected, permanently and on record, if its called AE title is not configured', async () => {
    const { policy } = configured();
    const { port, refusals } = await listening({ policy });
    const peer = await RawPeer.connect(port);

    peer.send(anAssociateRequest({ calledAeTitle: 'NOBODY' }));
    const answer = await peer.next();

    expect(answer).toEqual({ type: 'associate-reject', result: 1, source: 1, reason: 7 });
    expect(refusals.refusals).toMatchObject([
      {
        attempt: { calledAeTitle: 'NOBODY', callingAeTitle: 'PEER', remoteAddress: '127.0.0.1' },
        refusal: { code: 'association-rejected' },
      },
    ]);
    expect(refusals.refusals[0]?.refusal.message).toContain('gantry ae-title set NOBODY');
  });

  it('is rejected for now when the configuration cannot be read', async () => {
    const { policy, state } = configured();
    state.broken = true;
    const { port } = await listening({ policy });
    const peer = await RawPeer.connect(port);

    peer.send(anAssociateRequest());

    expect(await peer.next()).toEqual({
      type: 'associate-reject',
      result: 2,
      source: 3,
      reason: 1,
    });
  });

  it('is rejected for now beyond the maximum, and accepted when another has left', async () => {
    const { port, listener, refusals } = await listening({ maximumAssociations: 1 });
    const first = await RawPeer.associated(port);
    const second = await RawPeer.connect(port);
    second.send(anAssociateRequest());

    expect(await second.next()).toEqual({
      type: 'associate-reject',
      result: 2,
      source: 3,
      reason: 2,
    });
    expect(refusals.refusals).toHaveLength(1);
    first.send({ type: 'release-request' });
    await first.next();
    await until('a free place', 2000, () =>
      Promise.resolve(listener.associations === 0 || undefined),
    );
    await RawPeer.associated(port);
    expect(listener.associations).toBe(1);
  });
});

describe('hosts', () => {
  it.each([
    { hosts: ['10.0.0.1'], address: '10.0.0.1', matches: true },
    { hosts: ['10.0.0.1'], address: '10.0.0.2', matches: false },
    { hosts: ['10.0.0.0/30'], address: '10.0.0.3', matches: true },
    { hosts: ['10.0.0.0/30'], address: '10.0.0.4', matches: false },
    { hosts: ['10.0.0.0/33'], address: '10.0.0.1', matches: false },
    { hosts: ['10.0.0.0/x'], address: '10.0.0.1', matches: false },
    { hosts: ['0.0.0.0/0'], address: '192.0.2.7', matches: true },
    { hosts: ['2001:db8::/32'], address: '2001:db8::7', matches: true },
    { hosts: ['10.0.0.1'], address: '::ffff:10.0.0.1', matches: true },
    { hosts: [], address: '10.0.0.1', matches: false },
    { hosts: ['0.0.0.0/0'], address: '', matches: false },
  ])('$hosts with $address: $matches', ({ hosts, address, matches }) => {
    expect(hostsInclude(hosts, address)).toBe(matches);
  });

  it('shows an IPv4 peer of a dual-stack socket in IPv4 notation', () => {
    expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1');
    expect(plainAddress('2001:db8::1')).toBe('2001:db8::1');
  });
});

describe('a source with a limit', () => {
  it('is rejected for now beyond it, while others are let in', async () => {
    const { policy } = configured([
      { aeTitle: 'CT7', hosts: [], maxAssociations: 1 },
      { aeTitle: 'PEER', hosts: [] },
    ]);
    const { port, listener } = await listening({ policy });
    const first = await RawPeer.associated(port, { callingAeTitle: 'CT7' });
    const second = await RawPeer.connect(port);
    second.send(anAssociateRequest({ callingAeTitle: 'CT7' }));

    expect(await second.next()).toMatchObject({ result: 2, source: 3, reason: 2 });
    await RawPeer.associated(port);
    first.send({ type: 'release-request' });
    await first.next();
    await until('a free place', 2000, () =>
      Promise.resolve(listener.associations === 1 || undefined),
    );
    await RawPeer.associated(port, { callingAeTitle: 'CT7' });

    expect(listener.associations).toBe(2);
  });
});

describe('a source with a user identity', () => {
  const passcodeSha256 = createHash('sha256').update('secret').digest('hex');
  const sources = [
    { aeTitle: 'PEER', hosts: [], userIdentity: { username: 'scanner', passcodeSha256 } },
  ];
  const identity = (primary: string, secondary: string, type = 2) => ({
    type,
    positiveResponseRequested: true,
    primary: Buffer.from(primary),
    secondary: Buffer.from(secondary),
  });
  const asking = (userIdentity?: ReturnType<typeof identity>) => {
    const request = anAssociateRequest();
    const userInformation = {
      ...request.userInformation,
      ...(userIdentity === undefined ? {} : { identity: userIdentity }),
    };
    return { ...request, userInformation };
  };

  it('is accepted with it, and told so if it has asked', async () => {
    const { policy } = configured(sources);
    const { port } = await listening({ policy });
    const peer = await RawPeer.connect(port);

    peer.send(asking(identity('scanner', 'secret')));

    expect(await peer.next()).toMatchObject({
      type: 'associate-accept',
      userInformation: { identityResponse: Buffer.alloc(0) },
    });
  });

  it.each([
    { what: 'another passcode', given: identity('scanner', 'Secret') },
    { what: 'another name', given: identity('scanner2', 'secret') },
    { what: 'a name only', given: identity('scanner', '', 1) },
    { what: 'none', given: undefined },
  ])('is rejected with $what, and the record does not tell it', async ({ given }) => {
    const { policy } = configured(sources);
    const { port, refusals } = await listening({ policy });
    const peer = await RawPeer.connect(port);

    peer.send(asking(given));

    expect(await peer.next()).toMatchObject({ result: 1, source: 1, reason: 1 });
    const [recorded] = refusals.refusals;
    expect(recorded?.refusal.message).not.toMatch(/secret/i);
    expect(recorded?.refusal.message).toContain('gantry source set PEER --username');
  });

  it('gets no positive answer where nothing was checked', async () => {
    const { port } = await listening();
    const peer = await RawPeer.connect(port);

    peer.send(asking(identity('scanner', 'secret')));
    const accept = await peer.next();

    expect(accept).toMatchObject({ type: 'associate-accept' });
    expect(accept).not.toHaveProperty('userInformation.identityResponse');
  });
});

describe('SOP classes that the standard does not name', () => {
  const answers = async (acceptUnknownSopClasses: boolean) => {
    const { policy, state } = configured();
    state.aeTitles = [{ ...anAeTitle('GANTRY'), acceptUnknownSopClasses }];
    const { port } = await listening({ policy });
    const peer = await RawPeer.connect(port);
    const uids = [
      '1.3.12.2.1107.5.9.1',
      '1.2.840.10008.5.1.4.1.1.999',
      '1.2.840.10008.5.1.4.1.2.2.1',
    ];
    peer.send(
      anAssociateRequest({
        contexts: uids.map((abstractSyntax, index) => ({
          id: 2 * index + 1,
          abstractSyntax,
          transferSyntaxes: ['1.2.840.10008.1.2'],
        })),
      }),
    );
    const accept = await peer.next();
    return accept?.type === 'associate-accept' ? accept.contexts.map(({ result }) => result) : [];
  };

  it('are not received', async () => {
    expect(await answers(false)).toEqual([3, 3, 3]);
  });

  it('are received where that is configured, but no other services', async () => {
    expect(await answers(true)).toEqual([0, 0, 3]);
  });
});

describe('records of refusals', () => {
  const refusal = {
    rejection: REJECTION.calledAeTitleNotRecognized,
    code: 'association-rejected',
    message: 'No.',
  };

  it('are one at once, and one with the number of those that followed', async () => {
    const log = new RecordingDecisions();
    const throttled = new ThrottledRefusals(log, 100);

    for (let times = 0; times < 5; times += 1) await throttled.record(attempt(), refusal);
    await throttled.record(attempt({ callingAeTitle: 'MR1' }), refusal);
    expect(log.decisions).toHaveLength(2);
    await until('the minute is over', 5000, () =>
      Promise.resolve(log.decisions.length === 3 || undefined),
    );
    await throttled.record(attempt(), refusal);

    expect(log.decisions.map(({ decision }) => decision.message)).toEqual([
      'No.',
      'No.',
      'No. (4 more within a minute)',
      'No.',
    ]);
  });

  it('tell at once what else is wrong with the same caller', async () => {
    const log = new RecordingDecisions();
    const throttled = new ThrottledRefusals(log);

    await throttled.record(attempt(), refusal);
    await throttled.record(attempt(), { ...refusal, message: 'No, and for another reason.' });

    expect(log.decisions.map(({ decision }) => decision.message)).toEqual([
      'No.',
      'No, and for another reason.',
    ]);
  });

  it('are bounded for a caller that changes its name each time', async () => {
    const log = new RecordingDecisions();
    const throttled = new ThrottledRefusals(log);

    for (let times = 0; times < 1000; times += 1) {
      await throttled.record(attempt({ callingAeTitle: `X${String(times)}` }), refusal);
    }
    expect(log.decisions.length).toBeLessThanOrEqual(201);
    await throttled.flush();

    expect(log.decisions.at(-1)?.decision.message).toContain('799 more');
  });
});
