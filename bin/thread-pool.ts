import { availableParallelism } from 'node:os';

// Imported before anything that uses the pool: files wait for the disk on these threads, so there are more than cores.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(64, 8 + 4 * availableParallelism()));
