import { defineConfig } from 'vitest/config';

// Two projects: `unit` is pure and fast (the inner loop); `whole` opens stores, sockets and processes.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{base,message,sieve,house,wire,codec}/**/*.test.ts', 'test/**/*.unit.test.ts'],
          pool: 'threads',
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{base,message,sieve,house,wire,codec}/**', 'test/**/*.unit.test.ts', 'test/soak/**'],
          pool: 'forks',
          // A hang is ended; a slow or busy machine is no failure.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      // The long form: `npm run test:soak`.
      ...(process.env.CIRRUS_TEST_MODE === 'soak'
        ? [
            {
              test: {
                name: 'soak',
                include: ['test/soak/**/*.test.ts'],
                pool: 'forks' as const,
                testTimeout: 3_600_000,
                hookTimeout: 600_000,
                maxWorkers: 2,
                sequence: { groupOrder: 2 },
              },
            },
          ]
        : []),
    ],
  },
});
