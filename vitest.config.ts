import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { missingPrograms } from './scripts/debian-packages.ts';

const unit = ['test/{base,message,sieve,house,wire,codec}/**', 'test/**/*.unit.test.ts'];

/** Files that run on the AWS home as well: every kind of access, at a tenth of the time that all of them take. */
const onAws = [
  'test/imap/{transcripts,two-gateways}.test.ts',
  'test/pop3/transcripts.test.ts',
  'test/managesieve/session.test.ts',
  'test/delivery/deliver.test.ts',
  'test/store/{claims,compaction,deleted-mailbox,move,sweep,sweep-shared}.test.ts',
];
/** All that open their store by `test/support/home.ts`. */
const allOnAws = ['test/{store,faults,model,delivery,imap,pop3,managesieve,kills}/**/*.test.ts'];

const mode = process.env.CIRRUS_TEST_MODE;
/** As with single tests: where there is no S3 server they are left out, but not in CI. */
const hasS3 = process.env.CIRRUS_TEST_S3 !== undefined || missingPrograms(['radosgw']).length === 0 || !!process.env.CI;

/** One more than the two cores that the suite is made for: tests wait for disks, processes and clients a quarter of the time. */
const WORKERS = 3;

/** Threads and processes that tests start need not make sense of the same sources again (as in bin/cirrus.ts). */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/cirrus') };

/** Tests of the project `whole`, with every store on the AWS home. */
function awsProject(name: string, include: readonly string[], timeoutMs: number) {
  return {
    test: {
      name,
      include: [...include],
      exclude: unit,
      env: { ...env, CIRRUS_TEST_HOME: 'aws' },
      globalSetup: 'test/support/start-rgw.ts',
      pool: 'forks' as const,
      testTimeout: timeoutMs,
      hookTimeout: 300_000,
      maxWorkers: WORKERS,
      // Together with `whole`: no worker waits for the other's last file.
      sequence: { groupOrder: 1 },
    },
  };
}

// Three projects: `unit` is pure and fast (the inner loop); `whole` opens stores, sockets and processes; `aws` is some of
// that on the other home.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{base,message,sieve,house,wire,codec}/**/*.test.ts', 'test/**/*.unit.test.ts'],
          pool: 'threads',
          // As below: a hang is ended; a busy machine is no failure.
          testTimeout: 60_000,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [...unit, 'test/soak/**'],
          env,
          pool: 'forks',
          // A hang is ended; a slow or busy machine is no failure.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      ...(hasS3 && mode !== 'soak' ? [awsProject('aws', onAws, 300_000)] : []),
      // The long form: `npm run test:soak`.
      ...(hasS3 && mode === 'soak' ? [awsProject('soak-aws', allOnAws, 3_600_000)] : []),
      ...(mode === 'soak'
        ? [
            {
              test: {
                name: 'soak',
                include: ['test/soak/**/*.test.ts'],
                env,
                pool: 'forks' as const,
                testTimeout: 3_600_000,
                hookTimeout: 600_000,
                maxWorkers: WORKERS,
                sequence: { groupOrder: 2 },
              },
            },
          ]
        : []),
    ],
  },
});
