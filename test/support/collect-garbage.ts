import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects now, so that what is measured next is what is held and not when the collector came. */
export const collectGarbage: () => void = runInNewContext('gc');
