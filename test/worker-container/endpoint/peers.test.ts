/** Which peer service code is told of: destinations by name, and the sender as far as one of them is it. */
import { describe, expect, it } from 'vitest';
import type { DestinationItem } from '../../../core/contracts/configuration.ts';
import { senderPeer, type JobAccess } from '../../../worker-container/endpoint/job-access.ts';
import { peerDirectory } from '../../../worker-container/endpoint/peers.ts';

const access: JobAccess = {
  sessionId: 's1',
  jobId: 's1-n00000',
  writer: { nodeId: 'n00001', attempt: 1 },
  jobName: 'segment',
  event: 'stable-series',
  objectId: '1',
  eventOfObject: new Map(),
  series: new Map(),
  peer: senderPeer('0123', 'CT01'),
  spoolFolder: '',
};

const aDestination = (change: Partial<DestinationItem>): DestinationItem => ({
  ...{ name: 'archive', aeTitle: 'PACS', host: 'pacs.example', port: 104, tls: true },
  ...change,
});

const find = (name: string | null, ...destinations: readonly DestinationItem[]) =>
  peerDirectory(
    {
      get: (wanted) => Promise.resolve(destinations.find((one) => one.name === wanted)),
      list: () => Promise.resolve([...destinations]),
    },
    { getSession: () => Promise.resolve({ aeTitle: 'GANTRY' }) },
  ).find(access, name);

describe('a peer', () => {
  it('is a destination by its name, called as the AE title that received the images', async () => {
    expect(await find('archive', aDestination({}))).toEqual({
      _id: expect.stringMatching(/^[0-9a-f]{24}$/) as string,
      name: 'archive',
      aet: 'PACS',
      host: 'pacs.example',
      port: 104,
      whitelist_aet: [],
      whitelist_ip: [],
      tls: true,
      calling_aet: 'GANTRY',
    });
  });

  it('is nobody when no destination has the name', async () => {
    expect(await find('elsewhere', aDestination({}))).toBeUndefined();
  });

  it.each([null, 'CT01'])('is the sender for the name %s, without a host', async (name) => {
    expect(await find(name, aDestination({}))).toMatchObject({
      ...{ _id: '0123', name: 'CT01', aet: 'CT01', host: null, port: null },
      calling_aet: 'GANTRY',
    });
  });

  it('is the sender with the host of the one destination that has its AE title', async () => {
    const scanner = aDestination({ name: 'scanner', aeTitle: 'CT01', host: 'ct', port: 11_112 });

    expect(await find(null, aDestination({}), scanner)).toMatchObject({
      ...{ _id: '0123', name: 'CT01', aet: 'CT01', host: 'ct', port: 11_112, tls: true },
    });
  });

  it('has no host when two destinations have its AE title and neither has its name', async () => {
    const two = ['a', 'b'].map((name) => aDestination({ name, aeTitle: 'CT01' }));
    const named = aDestination({ name: 'CT01', aeTitle: 'CT01', host: 'ct' });

    expect(await find(null, ...two)).toMatchObject({ host: null });
    expect(await find(null, ...two, named)).toMatchObject({ host: 'ct' });
  });
});
