/** Matches a peer's address against the configured hosts of a source: exact addresses or CIDR blocks. */
import { BlockList, isIP } from 'node:net';

const IPV4_IN_IPV6 = '::ffff:';

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; here they have their own notation. */
export const plainAddress = (address: string): string =>
  address.toLowerCase().startsWith(IPV4_IN_IPV6) && isIP(address.slice(IPV4_IN_IPV6.length)) === 4
    ? address.slice(IPV4_IN_IPV6.length)
    : address;

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined => {
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
};

const addHost = (list: BlockList, host: string): void => {
  const [address = '', prefix] = host.split('/');
  const family = familyOf(address);
  // What is no address matches nobody: an entry must not widen who may call by being misspelt.
  if (family === undefined) return;
  if (prefix === undefined) list.addAddress(address, family);
  else if (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (family === 'ipv4' ? 32 : 128)) {
    list.addSubnet(address, Number(prefix), family);
  }
};

export const hostsInclude = (hosts: readonly string[], address: string): boolean => {
  const plain = plainAddress(address);
  const family = familyOf(plain);
  if (family === undefined) return false;
  const list = new BlockList();
  for (const host of hosts) addHost(list, host);
  return list.check(plain, family);
};

/** RFC 1122 section 3.2.1.3 and RFC 4291 section 2.5.3. */
export const isLoopback = (address: string): boolean =>
  hostsInclude(['127.0.0.0/8', '::1'], address);
