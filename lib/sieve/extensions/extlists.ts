import type { Extension } from '../definition.ts';

/** RFC 6134: lists that are kept outside of the script. */
export const extlists: Extension = {
  capability: 'extlists',
  matchTypes: [
    {
      name: 'list',
      substrings: false,
      *run(values, lists, _matching, run) {
        run.spend(values.length + lists.length);
        if (values.length === 0 || lists.length === 0) return false;
        const found = yield* run.ask('in-lists', { lists, values });
        if (found === undefined) return false;
        // RFC 6134 §2.3: what was found is all there is to remember.
        run.captures = [found];
        return true;
      },
    },
  ],
  tests: [
    {
      name: 'valid_ext_list',
      parameters: [{ name: 'lists', type: 'strings' }],
      run: (node, run) => run.ask('lists-exist', { lists: run.texts(node, 'lists') }),
    },
  ],
  tags: [
    {
      name: 'list',
      to: ['redirect'],
      refine: (action) => (action.kind === 'redirect' ? { ...action, list: true } : action),
    },
  ],
};
