import type { Config } from '../base/config.ts';
import type { AccountOptions } from './account.ts';
import { parseRights } from './rights.ts';

/** How the configuration says that users see the store. */
export function accountOptionsOf(config: Config): AccountOptions {
  return {
    admins: config.admins,
    defaultDomain: config.defaultdomain || undefined,
    defaultAcl: new Map(config.defaultacl.map(([identifier, rights]) => [identifier, parseRights(rights) ?? ''])),
    naming: { altNamespace: config.altnamespace, unixHierarchySep: config.unixhierarchysep },
  };
}
