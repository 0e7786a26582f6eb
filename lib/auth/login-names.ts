/**
 * Names under which the user of a login may be kept, best first; the rule of `defaultdomain`, as for recipients. None: no
 * user can have this name.
 */
export function loginNames(given: string, defaultDomain: string | undefined): readonly string[] {
  const name = given.toLowerCase().normalize('NFC');
  const at = name.lastIndexOf('@');
  const [local, domain] = at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
  // Longer or empty ones cannot be keys of the index; `-` is where users without a domain are kept.
  if (local === '' || domain === '' || domain === '-' || Buffer.byteLength(name) > MAX_NAME_BYTES) return [];
  if (domain === undefined) return defaultDomain === undefined ? [name] : [name, `${name}@${defaultDomain}`];
  // Without virtual domains the domain says only which server is meant.
  return defaultDomain === undefined || domain === defaultDomain ? [name, local] : [name];
}

const MAX_NAME_BYTES = 250;
