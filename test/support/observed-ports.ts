import type { Blobs, Index } from '../../lib/store/ports.ts';

/** The index; `run` is waited for after every write that was taken, and told of which partition. */
export function afterPuts(index: Index, run: (partition: Uint8Array) => Promise<void>): Index {
  return intercepted(index, 'put', async (key, item, condition) => {
    const result = await index.put(key, item, condition);
    if (result.ok) await run(key.pk);
    return result;
  });
}

/** The blobs; `run` is waited for before an object is copied. */
export function beforeCopies(blobs: Blobs, run: () => Promise<void>): Blobs {
  return intercepted(blobs, 'copy', async (from, to) => {
    await run();
    return blobs.copy(from, to);
  });
}

/** The port with another method in the place of one of its own. */
function intercepted<Port extends object, Name extends keyof Port>(port: Port, name: Name, method: Port[Name]): Port {
  return new Proxy(port, {
    get: (target, asked) => {
      if (asked === name) return method;
      const value: unknown = Reflect.get(target, asked);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
