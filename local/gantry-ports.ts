/** The ports of one Gantry: those of its settings, or free ones where these say 0. */
import { claimPorts } from './ports.ts';
import type { Settings } from './settings.ts';

export interface GantryPorts {
  readonly aws: number;
  readonly dimse: number;
  /** Undefined without a certificate. */
  readonly dimseTls: number | undefined;
  readonly http: number;
  readonly health: number;
}

const LOOPBACK = '127.0.0.1';

/** Throws PortsInUse. An emulator that does not own its port runs there already. */
export const gantryPorts = async (
  { awsPort, dimseHost, dimsePort, tls, httpHost, httpPort }: Settings,
  emulatorOwnsItsPort: boolean,
): Promise<GantryPorts> => {
  const { aws, ...others } = await claimPorts({
    aws: emulatorOwnsItsPort
      ? { host: LOOPBACK, port: awsPort, variable: 'GANTRY_AWS_PORT', use: 'AWS emulator' }
      : undefined,
    dimse: { host: dimseHost, port: dimsePort, variable: 'GANTRY_DIMSE_PORT', use: 'DICOM' },
    dimseTls: tls && {
      ...{ host: dimseHost, port: tls.port },
      ...{ variable: 'GANTRY_DIMSE_TLS_PORT', use: 'DICOM TLS' },
    },
    http: { host: httpHost, port: httpPort, variable: 'GANTRY_HTTP_PORT', use: 'API' },
    health: { host: LOOPBACK, port: 0, variable: '', use: 'health of the listener' },
  });
  return { aws: aws ?? awsPort, ...others };
};
