#!/usr/bin/env node
import './thread-pool.ts';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// To read and compile the sources is two thirds of what a short command costs. What came of it is kept beside the packages, and
// not where Node would keep it: in the temporary folder somebody else on this machine could leave code for us to run. Where the
// packages may not be written it is only slower.
const cache = fileURLToPath(new URL('../node_modules/.cache/cirrus', import.meta.url));
// Threads and children go by the variable.
process.env.NODE_COMPILE_CACHE ??= cache;
enableCompileCache(process.env.NODE_COMPILE_CACHE);
const { runCommandLine } = await import('./command-line.ts');
// A server that is killed has it kept too.
flushCompileCache();
await runCommandLine();
