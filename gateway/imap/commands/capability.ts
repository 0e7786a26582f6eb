import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';
import { capability as capabilityLine } from '../wire/write/response.ts';

/** CAPABILITY (RFC 9051 §6.1.1). */
export async function capability(context: Context): Promise<Reply> {
  context.write(capabilityLine(context.capabilities));
  return ok();
}
