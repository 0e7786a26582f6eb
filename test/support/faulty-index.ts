import type { Index, Item } from '../../lib/store/ports.ts';
import type { FaultPlan } from './fault-plan.ts';

/** The index, with the plan's faults. Closing it closes the index, without faults. */
export function faultyIndex(index: Index, plan: FaultPlan): Index {
  return {
    get: (...args) => plan.run('index.get', false, () => index.get(...args)),
    batchGet: (...args) => plan.run('index.batchGet', false, () => index.batchGet(...args)),
    put(key, item, condition) {
      // It may be applied long after the caller went on and changed its buffers.
      const own = copyOfItem(item);
      return plan.run('index.put', true, () => index.put(key, own, condition));
    },
    delete: (...args) => plan.run('index.delete', true, () => index.delete(...args)),
    add: (...args) => plan.run('index.add', true, () => index.add(...args)),
    query: (...args) => plan.run('index.query', false, () => index.query(...args)),
    scan: (...args) => plan.run('index.scan', false, () => index.scan(...args)),
    close: () => index.close(),
  };
}

/** The item with bytes of its own. */
export function copyOfItem(item: Item): Item {
  const copies = Object.entries(item).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : Buffer.from(value),
  ]);
  return Object.fromEntries(copies) as Item;
}
