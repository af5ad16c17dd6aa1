import { describe, expect, it } from 'vitest';
import { loadSettings, REPOSITORY, SettingsInvalid } from '../../local/settings.ts';

describe('the settings of one Gantry on this computer', () => {
  it('have the ports and the folder that the documentation names', () => {
    expect(loadSettings({})).toMatchObject({
      dimsePort: 11_112,
      httpPort: 8080,
      awsPort: 4566,
      dataDirectory: `${REPOSITORY}/.gantry`,
      dimseHost: '127.0.0.1',
      httpHost: '127.0.0.1',
    });
  });

  it('take ports and folder from the environment', () => {
    const settings = loadSettings({ GANTRY_DIMSE_PORT: '104', GANTRY_DATA_DIR: '/data' });

    expect(settings).toMatchObject({ dimsePort: 104, dataDirectory: '/data' });
  });

  it('take how many associations there may be at once, or leave it to the listener', () => {
    expect(loadSettings({ GANTRY_MAX_ASSOCIATIONS: '200' }).maximumAssociations).toBe(200);
    expect(loadSettings({}).maximumAssociations).toBeUndefined();
    expect(() => loadSettings({ GANTRY_MAX_ASSOCIATIONS: '0' })).toThrow(
      /GANTRY_MAX_ASSOCIATIONS is below 1/,
    );
  });

  it('take DICOM over TLS from a certificate and its key, and have none without', () => {
    const settings = loadSettings({
      GANTRY_TLS_CERTIFICATE: '/tls/listener.crt',
      GANTRY_TLS_KEY: '/tls/listener.key',
    });

    expect(settings.tls).toEqual({
      port: 2762,
      certificate: '/tls/listener.crt',
      key: '/tls/listener.key',
      ca: undefined,
    });
    expect(loadSettings({ GANTRY_TLS_CERTIFICATE: '' }).tls).toBeUndefined();
    expect(() => loadSettings({ GANTRY_TLS_CA: '/tls/ca.crt' })).toThrow(SettingsInvalid);
    expect(() => loadSettings({ GANTRY_TLS_CERTIFICATE: '/tls/listener.crt' })).toThrow(
      'GANTRY_TLS_KEY is not set',
    );
  });

  it('name every variable that cannot be used at once', () => {
    const load = () => loadSettings({ GANTRY_HTTP_PORT: 'eighty', GANTRY_AWS_PORT: '70000' });

    expect(load).toThrow(SettingsInvalid);
    expect(load).toThrow(/GANTRY_HTTP_PORT is not a number\nGANTRY_AWS_PORT is above 65535/);
  });
});
