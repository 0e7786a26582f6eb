import type { Extension } from '../definition.ts';

/** RFC 5233: the parts of a local part before and after the separator. */
export const subaddress: Extension = {
  capability: 'subaddress',
  addressParts: [
    {
      name: 'user',
      of: ({ local }, separator) => {
        const at = local.indexOf(separator);
        return at < 0 ? local : local.slice(0, at);
      },
    },
    {
      name: 'detail',
      // RFC 5233 §4: without a separator there is no detail, which is not the empty one.
      of: ({ local }, separator) => {
        const at = local.indexOf(separator);
        return at < 0 ? undefined : local.slice(at + separator.length);
      },
    },
  ],
};
