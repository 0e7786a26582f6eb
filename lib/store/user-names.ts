import { COMMONS } from './commons.ts';
import { NO_DOMAIN } from './directory.ts';
import { MAX_USER_BYTES } from './users.ts';

/**
 * Names under which the user whom a login or a recipient means may be kept, best first; the rule of `defaultdomain`. None:
 * no user can have this name.
 */
export function userNames(
  given: { readonly local: string; readonly domain: string | undefined },
  defaultDomain: string | undefined,
): readonly string[] {
  const [local, domain] = [given.local.normalize('NFC'), given.domain?.normalize('NFC')];
  const whole = domain === undefined ? local : `${local}@${domain}`;
  // Nobody's accounts are no users. Longer or empty ones cannot be keys of the index; nobody's domain is the one that stands for none.
  if (
    local === '' ||
    local === COMMONS ||
    domain === '' ||
    domain === NO_DOMAIN ||
    Buffer.byteLength(whole) > MAX_USER_BYTES
  )
    return [];
  if (domain === undefined) return defaultDomain === undefined ? [local] : [local, `${local}@${defaultDomain}`];
  // Without virtual domains the domain says only which server is meant.
  return defaultDomain === undefined || domain === defaultDomain ? [whole, local] : [whole];
}
