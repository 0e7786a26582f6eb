import type { Running } from '../peers/peer.ts';

/** How large the mailboxes are. */
export interface Sizes {
  /** Messages of the large mailbox. */
  readonly large: number;
  /** Messages of the metadata and copy workloads. */
  readonly medium: number;
  /** Deliveries of a delivery round. */
  readonly deliveries: number;
}

/** What one round of a workload is given. */
export interface Bench {
  readonly running: Running;
  readonly sizes: Sizes;
  /** Different in every round: names and numbers that must be new. */
  readonly round: number;
  /** Stops the server and starts it again: what it holds in memory is gone. */
  restart(): Promise<Running>;
}

/** One thing that is measured, the same way on every peer. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly better: 'more' | 'less';
  /** One round; undefined when this peer does not offer what is measured. */
  run(bench: Bench): Promise<number | undefined>;
}

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
