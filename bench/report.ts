import type { Workload } from './workloads/workload.ts';

/** The rounds of one workload on one peer. */
export interface Measured {
  readonly workload: Workload;
  readonly peer: string;
  /** In the order of the rounds; those that were not offered are left out. */
  readonly values: readonly number[];
  /** Why there is no value, when a round failed. */
  readonly failure?: string;
}

/** A Markdown table: medians, spreads, and how the first peer compares with the best of the others. */
export function report(measured: readonly Measured[]): string {
  const peers = [...new Set(measured.map(({ peer }) => peer))];
  const workloads = [...new Set(measured.map(({ workload }) => workload))];
  const head = `| | ${peers.join(' | ')} | ${peers[0]} against the best other |\n|---|${peers.map(() => '---:|').join('')}---:|`;
  const rows = workloads.map((workload) => {
    const cells = peers.map((peer) => cell(measured.find((m) => m.peer === peer && m.workload === workload)));
    return `| ${workload.name} (${workload.unit}) | ${cells.join(' | ')} | ${ratio(workload, measured, peers)} |`;
  });
  return [head, ...rows].join('\n');
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function cell(measured: Measured | undefined): string {
  if (measured?.failure !== undefined) return `failed: ${measured.failure}`;
  const middle = median(measured?.values ?? []);
  if (measured === undefined || middle === undefined) return 'not offered';
  return `${figure(middle)} (${figure(Math.min(...measured.values))} to ${figure(Math.max(...measured.values))})`;
}

/** How many times better, by medians. */
function ratio(workload: Workload, measured: readonly Measured[], [first, ...others]: readonly string[]): string {
  const middle = (peer: string | undefined): number | undefined =>
    median(measured.find((m) => m.peer === peer && m.workload === workload)?.values ?? []);
  const ours = middle(first);
  const theirs = others.map(middle).filter((value) => value !== undefined);
  if (ours === undefined || theirs.length === 0) return '-';
  const best = workload.better === 'more' ? Math.max(...theirs) : Math.min(...theirs);
  const times = workload.better === 'more' ? ours / best : best / ours;
  return `${times.toFixed(2)} times as good`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
