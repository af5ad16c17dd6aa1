/**
 * Whether an AWS account lets a deployment do its work: its quotas against what the site may use at a time, and
 * the images of its tasks. For `gantry doctor`; nothing here changes anything.
 */
import type { AccountNeeds, QuotaNeed } from '../contracts/account-needs.ts';

/** Implemented by aws/account.ts. Each may reject, for example because a right is missing. */
export interface Account {
  /** The applied value, or else AWS's default. Undefined: there is no such quota in the Region. */
  quota(service: string, code: string): Promise<number | undefined>;
  /** Of the family's latest task definition, those that its registry of this account does not have. */
  missingImages(family: string): Promise<{ readonly images: number; readonly missing: string[] }>;
}

export interface AccountCheck {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen, or what is wrong and how it is mended. */
  readonly says: string;
}

const increase = ({ service, code, needed }: QuotaNeed): string =>
  `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${String(needed)}`;

const quotaCheck = async (
  account: Account,
  need: QuotaNeed,
): Promise<Omit<AccountCheck, 'check'>> => {
  const value = await account.quota(need.service, need.code);
  if (value === undefined) {
    return { ok: false, says: `the Region has no quota ${need.service}/${need.code}` };
  }
  const facts = `${String(value)}, and the site may use ${String(need.needed)} at a time`;
  return value >= need.needed
    ? { ok: true, says: facts }
    : { ok: false, says: `${facts}; ask for more: ${increase(need)}` };
};

const imageCheck = async (
  account: Account,
  family: string,
): Promise<Omit<AccountCheck, 'check'>> => {
  const { images, missing } = await account.missingImages(family);
  if (images === 0) return { ok: false, says: 'it has no container; deploy again' };
  return missing.length === 0
    ? { ok: true, says: `every one of ${String(images)} is in its repository` }
    : { ok: false, says: `not in its repository: ${missing.join(', ')}; deploy again` };
};

/** What could not be looked at is not all right. */
const checked = async (
  check: string,
  look: Promise<Omit<AccountCheck, 'check'>>,
): Promise<AccountCheck> => {
  try {
    return { check, ...(await look) };
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { check, ok: false, says: `could not be read (${why})` };
  }
};

/** In the order of the needs. */
export const checkAccount = (account: Account, needs: AccountNeeds): Promise<AccountCheck[]> =>
  Promise.all([
    ...needs.quotas.map((need) => checked(`quota ${need.name}`, quotaCheck(account, need))),
    ...needs.families.map((family) => checked(`images of ${family}`, imageCheck(account, family))),
  ]);
