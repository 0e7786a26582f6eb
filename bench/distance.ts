import { setTimeout as sleep } from 'node:timers/promises';
import type { Blobs, Index } from '../lib/store/ports.ts';

/** How far away the two stores are, in milliseconds of one request. */
export interface Latencies {
  readonly indexMs: number;
  readonly blobsMs: number;
}

/** DynamoDB and S3 as a gateway in the same region meets them. */
export const IN_REGION: Latencies = { indexMs: 5, blobsMs: 30 };

/**
 * Requests take so long, and it is counted how long the way is: a request begins when all have ended that had ended before
 * it was made, so those made together count once. `isFelt`: they take that long indeed, besides what the adapter takes.
 */
export class Distance {
  readonly #latencies: Latencies;
  readonly #isFelt: boolean;
  #wayMs = 0;

  constructor(latencies: Latencies, isFelt: boolean) {
    this.#latencies = latencies;
    this.#isFelt = isFelt;
  }

  /** The way since {@link reset}: what cannot be shorter, however fast the machine is. */
  get wayMs(): number {
    return this.#wayMs;
  }

  reset(): void {
    this.#wayMs = 0;
  }

  index(index: Index): Index {
    const far = this.#far(this.#latencies.indexMs);
    return {
      get: (...args) => far(() => index.get(...args)),
      batchGet: (...args) => far(() => index.batchGet(...args)),
      put: (...args) => far(() => index.put(...args)),
      delete: (...args) => far(() => index.delete(...args)),
      add: (...args) => far(() => index.add(...args)),
      query: (...args) => far(() => index.query(...args)),
      scan: (...args) => far(() => index.scan(...args)),
      close: () => index.close(),
    };
  }

  blobs(blobs: Blobs): Blobs {
    const far = this.#far(this.#latencies.blobsMs);
    return {
      put: (...args) => far(() => blobs.put(...args)),
      get: (...args) => far(() => blobs.get(...args)),
      stream: (...args) => far(() => blobs.stream(...args)),
      info: (...args) => far(() => blobs.info(...args)),
      copy: (...args) => far(() => blobs.copy(...args)),
      deleteMany: (...args) => far(() => blobs.deleteMany(...args)),
      list: (...args) => far(() => blobs.list(...args)),
      close: () => blobs.close(),
    };
  }

  #far(ms: number): <T>(request: () => Promise<T>) => Promise<T> {
    return async (request) => {
      const endMs = this.#wayMs + ms;
      // Begun first: the caller may change its buffers once the call has returned.
      const [answer] = await Promise.all([request(), this.#isFelt ? sleep(ms) : undefined]);
      this.#wayMs = Math.max(this.#wayMs, endMs);
      return answer;
    };
  }
}
