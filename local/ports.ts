/** TCP ports of this computer: whether they are free, and ones that are. */
import { createServer } from 'node:net';

/** A port that Gantry is told to use; 0 is any free one. */
export interface WantedPort {
  readonly host: string;
  readonly port: number;
  /** The environment variable that says which. */
  readonly variable: string;
  /** As a person would call what is there. */
  readonly use: string;
}

/** Somebody else has ports that Gantry was told to use, or two of them are the same; a line for each. */
export class PortsInUse extends Error {
  override readonly name = 'PortsInUse';
  readonly ports: readonly number[];

  constructor(problems: readonly { readonly port: number; readonly message: string }[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.ports = problems.map(({ port }) => port);
  }
}

/** The port that was bound (another than `port` if that is 0), or undefined if it is in use. */
const tryBind = ({ host, port }: WantedPort): Promise<number | undefined> =>
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

/** By the names of what was wanted; undefined where nothing was. */
export type ClaimedPorts<Wanted> = {
  [Name in keyof Wanted]: undefined extends Wanted[Name] ? number | undefined : number;
};

/**
 * The ports by the same names: each the wanted one if it is free, or any free one if that is 0. Throws
 * {@link PortsInUse} with all that are not.
 */
export const claimPorts = async <Wanted extends Readonly<Record<string, WantedPort | undefined>>>(
  wanted: Wanted,
): Promise<ClaimedPorts<Wanted>> => {
  const claimed: [string, number | undefined][] = [];
  const problems: { port: number; message: string }[] = [];
  const taken = new Map<number, string>();
  for (const [name, want] of Object.entries(wanted)) {
    if (want === undefined) {
      claimed.push([name, undefined]);
      continue;
    }
    const { port, variable, use } = want;
    const twin = taken.get(port);
    const bound = twin === undefined ? await tryBind(want) : undefined;
    if (port !== 0) taken.set(port, variable);
    if (bound !== undefined) {
      claimed.push([name, bound]);
      continue;
    }
    const by = twin === undefined ? 'in use by another program' : `that of ${twin}, too`;
    const message = `port ${port} (${use}) is ${by}: set ${variable} to a free one`;
    problems.push({ port, message });
  }
  if (problems.length > 0) throw new PortsInUse(problems);
  return Object.fromEntries(claimed) as ClaimedPorts<Wanted>;
};
