/** Addresses from which a source may call: single ones, or CIDR blocks. */
import { isIP } from 'node:net';

/** What is wrong with it, or undefined. */
export const hostProblem = (text: string): string | undefined => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  const expected = 'write an address such as 10.1.2.3, or a block such as 10.1.0.0/16';
  if (family === 0 || rest.length > 0) return `"${text}" is no IP address; ${expected}`;
  if (bits === undefined) return undefined;
  const longest = family === 4 ? 32 : 128;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= longest
    ? undefined
    : `"${text}" has no prefix length from 0 to ${longest}; ${expected}`;
};
