import type { Extension } from '../definition.ts';

/** RFC 6134: lists that are kept outside of the script. There are none here but a default address book, which is empty. */
export const extlists: Extension = {
  capability: 'extlists',
  quiet: true,
  matchTypes: [
    {
      name: 'list',
      substrings: false,
      compares: false,
      *run(values, lists, _matching, run) {
        run.spend(values.length + lists.length);
        if (!(yield* run.ask('lists-exist', { lists }))) run.fail('A list cannot be asked: there is no such list.');
        if (values.length === 0 || lists.length === 0) return false;
        const found = yield* run.ask('in-lists', { lists, values });
        if (found === undefined) return false;
        // RFC 6134 §2.2: what was found is all there is to remember.
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
