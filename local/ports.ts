/** TCP ports of this computer: whether one is free, and one that is. */
import { createServer } from 'node:net';

/** Somebody else has a port that Gantry was told to use. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
  readonly port: number;

  constructor(port: number, variable: string, use: string) {
    super(`port ${port} (${use}) is in use by another program: set ${variable} to a free one`);
    this.port = port;
  }
}

/** The port that was bound (another than `port` if that is 0), or undefined if it is in use. */
const tryBind = (host: string, port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  });

/** `port` if it is free, or any free one if it is 0; throws {@link PortInUse}. */
export const claimPort = async (
  host: string,
  port: number,
  variable: string,
  use: string,
): Promise<number> => {
  const bound = await tryBind(host, port);
  if (bound === undefined) throw new PortInUse(port, variable, use);
  return bound;
};
