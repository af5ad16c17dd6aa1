/** Arithmetic of IPv4 addresses and networks in CIDR notation. */

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');

const range = (cidr: string): readonly [first: number, last: number] => {
  const [address = '', prefix = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(toNumber(address) / size) * size;
  return [first, first + size - 1];
};

/** The address of the host `index` in a network: 0 is the network's own. */
export const hostAddress = (cidr: string, index: number): string =>
  toAddress(range(cidr)[0] + index);

export const isWithin = (address: string, cidr: string): boolean => {
  const [first, last] = range(cidr);
  return toNumber(address) >= first && toNumber(address) <= last;
};

export const overlaps = (one: string, other: string): boolean => {
  const [first, last] = range(one);
  const [otherFirst, otherLast] = range(other);
  return first <= otherLast && otherFirst <= last;
};

export const prefixLength = (cidr: string): number => Number(cidr.split('/')[1]);
