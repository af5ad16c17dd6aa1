/** Where the listener has its TLS from, and where its health is asked, as its environment says. */
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { BadEnvironment, readSettings } from '../../listener-container/environment.ts';

const NEEDED = {
  [ENV.table]: 'table',
  [ENV.bucket]: 'bucket',
  [ENV.stabilityChecksQueueUrl]: 'http://queues/checks',
  [ENV.processorsQueueUrl]: 'http://queues/processors',
};

const settingsOf = (environment: Readonly<Record<string, string>>) =>
  readSettings({ ...NEEDED, ...environment });
const tlsOf = (environment: Readonly<Record<string, string>>) => settingsOf(environment).tls;

describe('the TLS port of the environment', () => {
  it('is not there unless something is said of it', () => {
    expect(tlsOf({})).toBeUndefined();
  });

  it('has its certificate from files', () => {
    expect(
      tlsOf({ [ENV.tlsCertificate]: 'a.crt', [ENV.tlsKey]: 'a.key', [ENV.tlsCa]: 'ca.crt' }),
    ).toEqual({
      port: 2762,
      from: { files: { certificate: 'a.crt', key: 'a.key', ca: 'ca.crt' } },
      requireClientCertificates: false,
      reloadMs: undefined,
    });
  });

  it('has its certificate from a secret, as a deployment says', () => {
    expect(
      tlsOf({
        [ENV.tlsSecretArn]: 'arn:secret',
        [ENV.dimseTlsPort]: '2763',
        [ENV.tlsRequireClientCertificates]: 'true',
        [ENV.tlsReloadSeconds]: '60',
      }),
    ).toEqual({
      port: 2763,
      from: { secretArn: 'arn:secret' },
      requireClientCertificates: true,
      reloadMs: 60_000,
    });
  });

  it.each([
    ['a certificate without its key', { [ENV.tlsCertificate]: 'a.crt' }, ENV.tlsKey],
    ['an authority alone', { [ENV.tlsCa]: 'ca.crt' }, ENV.tlsCertificate],
    [
      'files and a secret',
      { [ENV.tlsSecretArn]: 'arn', [ENV.tlsKey]: 'a.key' },
      'from files, not from both',
    ],
    ['a word for yes or no', { [ENV.tlsRequireClientCertificates]: 'maybe' }, 'CLIENT_CERT'],
  ])('is refused with %s', (_what, environment, message) => {
    expect(() => tlsOf(environment)).toThrow(BadEnvironment);
    expect(() => tlsOf(environment)).toThrow(message);
  });
});

describe('the health port of the environment', () => {
  it('has the address of DICOM, or one of its own', () => {
    const dicom = { [ENV.dimseHost]: '10.1.2.3' };

    expect(settingsOf(dicom).healthHost).toBe('10.1.2.3');
    expect(settingsOf({ ...dicom, [ENV.healthHost]: '127.0.0.1' }).healthHost).toBe('127.0.0.1');
  });
});
