import { capabilities } from '../capabilities.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../wire/write.ts';

/** CAPABILITY (RFC 5804 §2.4). */
export async function capability(context: Context): Promise<Reply> {
  context.write(capabilities(context));
  return ok();
}
