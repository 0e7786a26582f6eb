import type { Extension } from '../definition.ts';

/** RFC 3894: an action that leaves the implicit keep as it is. */
export const copy: Extension = {
  capability: 'copy',
  tags: [
    {
      name: 'copy',
      to: ['fileinto', 'redirect'],
      refine: (action) =>
        action.kind === 'fileinto' || action.kind === 'redirect' ? { ...action, copy: true } : action,
    },
  ],
};
