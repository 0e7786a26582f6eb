import type { Extension } from '../definition.ts';

/** RFC 5463: use what is there, once a test has found it, and fail only where something that is missing would be used. */
export const ihave: Extension = {
  capability: 'ihave',
  tests: [
    {
      name: 'ihave',
      parameters: [{ name: 'capabilities', type: 'strings', constant: true }],
      offers: ({ values }) => {
        const names = values.get('capabilities');
        return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
      },
      run: (node, run) => run.bring(node, run.texts(node, 'capabilities')),
    },
  ],
  commands: [
    {
      name: 'error',
      parameters: [{ name: 'message', type: 'string' }],
      run: (node, run) => run.fail(run.text(node, 'message').slice(0, 1000)),
    },
  ],
};
