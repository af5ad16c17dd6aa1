/** The ports that a Gantry is told to use: all that cannot be are named at once, before anything is started. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gantryPorts } from '../../local/gantry-ports.ts';
import { PortsInUse } from '../../local/ports.ts';
import { loadSettings } from '../../local/settings.ts';
import { freePort } from '../support/free-port.ts';

let somebody: Server;
let theirs: number;

beforeEach(async () => {
  somebody = createServer().listen(0, '127.0.0.1');
  await once(somebody, 'listening');
  ({ port: theirs } = somebody.address() as AddressInfo);
});
afterEach(() => {
  somebody.close();
});

const portsOf = (environment: Record<string, string>, emulatorOwnsItsPort = true) => {
  const free = { GANTRY_DIMSE_PORT: '0', GANTRY_HTTP_PORT: '0', GANTRY_AWS_PORT: '0' };
  return gantryPorts(loadSettings({ ...free, ...environment }), emulatorOwnsItsPort);
};

describe('the ports of a Gantry', () => {
  it('are free ones where the settings say 0, and the wanted ones else', async () => {
    const wanted = await freePort();

    const ports = await portsOf({ GANTRY_HTTP_PORT: String(wanted) });

    expect(ports).toMatchObject({ http: wanted, dimseTls: undefined });
    expect([ports.aws, ports.dimse, ports.health].every((port) => port > 0)).toBe(true);
  });

  it('that are in use are all named, each with the variable that changes it', async () => {
    const port = String(theirs);

    const ports = portsOf({
      GANTRY_AWS_PORT: port,
      GANTRY_DIMSE_PORT: '0',
      GANTRY_HTTP_PORT: port,
    });

    await expect(ports).rejects.toThrow(PortsInUse);
    await expect(ports).rejects.toThrow(
      `port ${port} (AWS emulator) is in use by another program: set GANTRY_AWS_PORT to a free one\n` +
        `port ${port} (API) is that of GANTRY_AWS_PORT, too: set GANTRY_HTTP_PORT to a free one`,
    );
  });

  it('that are the same for two uses are refused', async () => {
    const port = String(await freePort());

    await expect(portsOf({ GANTRY_DIMSE_PORT: port, GANTRY_HTTP_PORT: port })).rejects.toThrow(
      `port ${port} (API) is that of GANTRY_DIMSE_PORT, too: set GANTRY_HTTP_PORT to a free one`,
    );
  });

  it('leave an emulator its port that runs there already', async () => {
    const ports = await portsOf({ GANTRY_AWS_PORT: String(theirs) }, false);

    expect(ports.aws).toBe(theirs);
  });
});
