import type { Context } from '../context.ts';

/** RSET: forgets the transaction (RFC 5321 §4.1.1.5). */
export async function rset(context: Context): Promise<void> {
  await abortTransaction(context);
  context.reply('250 2.0.0 ok');
}

/** Ends a transaction that was not completed; a message that was begun with BDAT is delivered to nobody. */
export async function abortTransaction(context: Context): Promise<void> {
  const intake = context.envelope?.intake;
  context.envelope = undefined;
  await intake?.cut('the transaction was given up');
}
