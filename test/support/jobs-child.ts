// Takes jobs of kind `k` and never ends one.
import { openSqliteIndex } from '../../lib/embedded/index-sqlite.ts';
import { IndexJobs } from '../../lib/jobs/jobs-index.ts';

const jobs = new IndexJobs(await openSqliteIndex(process.argv[2] ?? ''), { pollMs: 20, leaseMs: 300 });
jobs.run({
  k: ({ id }) => {
    console.log(`running ${id}`);
    return new Promise(() => undefined);
  },
});
setInterval(() => undefined, 60_000);
