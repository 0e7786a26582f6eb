import { startRgw } from './rgw.ts';

/** Set up before the first file of a run: RGW takes 10 s and more to start, and whole files would wait for it. */
export async function setup(): Promise<void> {
  if (process.env.CIRRUS_TEST_S3 === undefined) await startRgw(process.pid);
}
