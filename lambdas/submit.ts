/** Not built yet: every event fails, so that queues keep their messages and callers are told. */
export async function handler(): Promise<never> {
  throw new Error('the function submit is not built yet');
}
