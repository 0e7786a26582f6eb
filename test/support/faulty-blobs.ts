import type { Blobs } from '../../lib/store/ports.ts';
import type { FaultPlan } from './fault-plan.ts';

/** The blobs, with the plan's faults. Bodies are collected first, so that they can be put late or twice. */
export function faultyBlobs(blobs: Blobs, plan: FaultPlan): Blobs {
  return {
    async put(key, body, metadata) {
      const whole = body instanceof Uint8Array ? body : await collected(body);
      return plan.run('blobs.put', true, () => blobs.put(key, whole, metadata));
    },
    get: (...args) => plan.run('blobs.get', false, () => blobs.get(...args)),
    stream: (...args) => plan.run('blobs.stream', false, () => blobs.stream(...args)),
    info: (...args) => plan.run('blobs.info', false, () => blobs.info(...args)),
    copy: (...args) => plan.run('blobs.copy', true, () => blobs.copy(...args)),
    deleteMany: (...args) => plan.run('blobs.deleteMany', true, () => blobs.deleteMany(...args)),
    list: (...args) => plan.run('blobs.list', false, () => blobs.list(...args)),
    close: () => blobs.close(),
  };
}

async function collected(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
