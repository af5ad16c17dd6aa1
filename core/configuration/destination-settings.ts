/**
 * A change of a destination: merged with what is there, and checked as a whole. Either the new item comes out,
 * or every problem; never a part of a change.
 */
import { isIP } from 'node:net';
import type { DestinationSettings } from '../contracts/api-configuration.ts';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { AeTitleName, type DestinationItem } from '../contracts/configuration.ts';

const MAX_NAME_LENGTH = 100;
const MAX_HOST_LENGTH = 253;
const MAX_PORT = 65_535;

/** RFC 1123 section 2.1; the underscore is in the names of many a modality. */
const HOST_NAME =
  /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

export type DestinationReading =
  | { readonly ok: true; readonly item: DestinationItem }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

const isHost = (text: string): boolean =>
  isIP(text) !== 0 || (text.length <= MAX_HOST_LENGTH && HOST_NAME.test(text));

/** `before` is the destination of that name, if there is one: what `change` leaves out stays. */
export const readDestinationSettings = (
  name: string,
  change: DestinationSettings,
  before: DestinationItem | undefined,
): DestinationReading => {
  const problems: ProblemDetail[] = [];
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > MAX_NAME_LENGTH) {
    const message = `"${name}" must have letters, digits, ".", "_" and "-" only, at most ${MAX_NAME_LENGTH}`;
    problems.push({ path: 'name', message });
  }
  const { aeTitle, host, port } = { ...before, ...given(change) };
  const title = AeTitleName.safeParse(aeTitle ?? '');
  if (aeTitle === undefined) {
    problems.push({ path: 'aeTitle', message: 'a new destination needs an AE title' });
  } else if (!title.success) {
    problems.push(...title.error.issues.map(({ message }) => ({ path: 'aeTitle', message })));
  }
  if (host === undefined) {
    problems.push({ path: 'host', message: 'a new destination needs a host' });
  } else if (!isHost(host)) {
    problems.push({ path: 'host', message: `"${host}" is neither a host's name nor an address` });
  }
  if (port === undefined) {
    problems.push({ path: 'port', message: 'a new destination needs a port' });
  } else if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    problems.push({ path: 'port', message: `${port} is no port: 1 to ${MAX_PORT}` });
  }
  if (problems.length > 0 || !title.success || host === undefined || port === undefined) {
    return { ok: false, problems };
  }
  const tls = change.tls ?? before?.tls ?? false;
  return { ok: true, item: { name, aeTitle: title.data, host, port, tls } };
};

/** Without the members that are undefined, which would hide what was there before. */
const given = (change: DestinationSettings): DestinationSettings =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
