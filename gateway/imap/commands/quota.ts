import type { OpenMailbox } from '../../../lib/store/account.ts';
import { domainOfRoot, getDomainQuota, setDomainQuota } from '../../../lib/store/domain-quota.ts';
import {
  getQuota,
  getQuotaRoot,
  MAX_QUOTA_LIMIT,
  QUOTA_RESOURCES,
  type QuotaResource,
  setQuota,
} from '../../../lib/store/quota-roots.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { no, ok, type Reply } from '../reply.ts';
import { quota, quotaRoot } from '../wire/write/quota.ts';
import { condition } from '../wire/write/response.ts';

/** GETQUOTA (RFC 9208 §4.1.1). */
export async function getQuotaCommand(context: Context, command: CommandOf<'GETQUOTA'>): Promise<Reply> {
  const { account } = context;
  const name = rootOf(context, command.root);
  const domain = domainOfRoot(account, name);
  const { root, usages } = await (domain === undefined
    ? getQuota(account, name)
    : getDomainQuota(account, name, domain));
  context.write(quota(root, usages, context.dialect));
  return ok();
}

/** GETQUOTAROOT (RFC 9208 §4.1.2): the nearest root above the mailbox, if there is one. */
export async function getQuotaRootCommand(context: Context, command: CommandOf<'GETQUOTAROOT'>): Promise<Reply> {
  const found = await getQuotaRoot(context.account, command.mailbox);
  context.write(quotaRoot(command.mailbox, found === undefined ? [] : [found.root], context.dialect));
  if (found !== undefined) context.write(quota(found.root, found.usages, context.dialect));
  return ok();
}

/** SETQUOTA (RFC 9208 §4.1.3), for administrators. */
export async function setQuotaCommand(context: Context, command: CommandOf<'SETQUOTA'>): Promise<Reply> {
  const limits = new Map<QuotaResource, number>();
  for (const [given, limit] of command.limits) {
    const resource = QUOTA_RESOURCES.find((known) => known === given);
    if (resource === undefined) return no(`Quota resources are ${QUOTA_RESOURCES.join(', ')}`, 'CANNOT');
    if (limit <= MAX_QUOTA_LIMIT) limits.set(resource, limit);
  }
  const { account } = context;
  const name = rootOf(context, command.root);
  const domain = domainOfRoot(account, name);
  const { root, usages } = await (domain === undefined
    ? setQuota(account, name, limits)
    : setDomainQuota(account, name, domain, limits));
  context.write(quota(root, usages, context.dialect));
  return ok();
}

/** What a user who could bring more mail should know when the mailbox is selected; the words are those of Cyrus. */
export async function warnOfQuota(context: Context, open: OpenMailbox): Promise<void> {
  if (open.quotaRoot === undefined || !hasRight(open.rights, 'i')) return;
  const { percent, freeKib } = context.options.quotaWarning ?? { percent: 90, freeKib: 0 };
  const found = await getQuotaRoot(context.account, open.name);
  for (const { resource, used, limit } of found?.usages ?? []) {
    const share = limit === 0 ? 100 : Math.floor((used / limit) * 100);
    const isNear = resource !== 'STORAGE' || freeKib === 0 || limit - used <= freeKib;
    if (used > limit) context.write(condition(null, 'NO', 'ALERT', `Mailbox is over ${resource} quota`));
    else if (share >= percent && isNear) {
      context.write(condition(null, 'NO', 'ALERT', `Mailbox is at ${share}% of ${resource} quota`));
    }
  }
}

/** Roots are named after mailboxes, as this client names those. */
function rootOf({ names }: Context, root: string): string {
  return names.fromWire(root);
}
