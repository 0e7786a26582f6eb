import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { bad, no, type Reply } from '../reply.ts';
import { decodeBase64 } from '../wire/parse-command.ts';
import { decodeText } from '../wire/read/text.ts';
import { logIn, passwordsRefused } from './login.ts';

/** AUTHENTICATE PLAIN (RFC 9051 §6.2.2, RFC 4616), the initial response with the command or after `+`. */
export async function authenticate(
  context: Context,
  { mechanism, initialResponse }: CommandOf<'AUTHENTICATE'>,
): Promise<Reply> {
  if (mechanism !== 'PLAIN') return no('This mechanism is not supported');
  if (!context.passwordsAllowed) return passwordsRefused();
  let response = initialResponse;
  if (response === null) {
    const line = await context.input.answer('');
    if (line === '*') return bad('Authentication was cancelled');
    response = decodeBase64(line);
  }
  const credentials = response === null ? undefined : plainCredentials(response);
  if (credentials === undefined) return bad('This is not a response of the mechanism PLAIN');
  const { as, name, password } = credentials;
  if (as !== '' && as !== name) return no('Nobody may act for others', 'AUTHORIZATIONFAILED');
  return logIn(context, name, password);
}

/** `message = [authzid] NUL authcid NUL passwd` (RFC 4616 §2) */
function plainCredentials(
  response: Buffer,
): { readonly as: string; readonly name: string; readonly password: string } | undefined {
  const parts = decodeText(response).split('\0');
  const [as, name, password] = parts;
  if (parts.length !== 3 || as === undefined || !name || !password) return undefined;
  return { as, name, password };
}
