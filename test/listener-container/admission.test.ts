/** Who is let in: by configuration and address, and within the listener's capacity; every refusal is recorded. */
import { describe, expect, it } from 'vitest';
import type { AeTitleItem, SourceItem } from '../../core/contracts/configuration.ts';
import { configuredAdmission } from '../../listener-container/admission/configured-admission.ts';
import { hostsInclude, plainAddress } from '../../listener-container/admission/hosts.ts';
import { until } from '../support/until.ts';
import { listening } from './listening.ts';
import { RawPeer, anAssociateRequest } from './raw-peer.ts';

const anAeTitle = (aeTitle: string): AeTitleItem => ({
  aeTitle,
  processor: 'ae-title',
  groupBy: ['PatientID'],
  timeoutSeconds: 5,
  maxWaitSeconds: 3600,
  priority: 'normal',
  pipelines: {},
  late: 'new',
  lateWindowSeconds: 86_400,
  accept: [],
  ignore: [],
  jobRetryDelayMs: 5000,
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

describe('without any source', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1'])(
    'everybody may call from %s',
    async (remoteAddress) => {
      const { policy } = configured();

      expect(await policy.decide(attempt({ remoteAddress }))).toBeUndefined();
    },
  );

  it('nobody may call from elsewhere, and the record names the command', async () => {
    const { policy } = configured();

    const refusal = await policy.decide(attempt({ remoteAddress: '10.1.2.3' }));

    expect(refusal?.rejection).toMatchObject({ result: 1, source: 1, reason: 3 });
    expect(refusal?.message).toContain('gantry source set CT7 --host 10.1.2.3/32');
  });
});

describe('with sources', () => {
  const sources = [
    { aeTitle: 'CT7', hosts: ['10.1.0.0/16', 'fd00::/8', 'no address'] },
    { aeTitle: 'ANYWHERE', hosts: [] },
  ];

  it.each([
    { callingAeTitle: 'CT7', remoteAddress: '10.1.2.3' },
    { callingAeTitle: 'CT7', remoteAddress: 'fd00::1' },
    { callingAeTitle: 'ANYWHERE', remoteAddress: '192.0.2.1' },
  ])('$callingAeTitle may call from $remoteAddress', async (caller) => {
    const { policy } = configured(sources);

    expect(await policy.decide(attempt(caller))).toBeUndefined();
  });

  it.each([
    { callingAeTitle: 'CT7', remoteAddress: '10.2.2.3' },
    { callingAeTitle: 'CT7', remoteAddress: '127.0.0.1' },
    { callingAeTitle: 'MR 1', remoteAddress: '10.1.2.3' },
    { callingAeTitle: 'ct7', remoteAddress: '10.1.2.3' },
  ])('$callingAeTitle may not call from $remoteAddress', async (caller) => {
    const { policy } = configured(sources);

    const refusal = await policy.decide(attempt(caller));

    expect(refusal?.rejection).toMatchObject({ result: 1, source: 1, reason: 3 });
    expect(refusal?.message).toContain('gantry source set');
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

  it('is read again by the next caller after it could not be', async () => {
    const { policy, state } = configured();
    state.broken = true;
    await expect(policy.decide(attempt())).rejects.toThrow('unreachable');
    state.broken = false;

    expect(await policy.decide(attempt())).toBeUndefined();
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
