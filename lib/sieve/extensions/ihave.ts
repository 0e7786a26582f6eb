import type { Extension } from '../definition.ts';

/** RFC 5463: use what is there, and fail only where something that is missing would be used. */
export const ihave: Extension = {
  capability: 'ihave',
  tests: [
    {
      name: 'ihave',
      parameters: [{ name: 'capabilities', type: 'strings', constant: true }],
      brings: ({ values }) => {
        const names = values.get('capabilities');
        return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
      },
      run: (node, run) => run.texts(node, 'capabilities').every((name) => run.supports(name)),
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
