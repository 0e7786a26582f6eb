import { saslMechanisms } from '../../lib/auth/sasl/table.ts';
import type { Context } from './context.ts';
import { capabilityLine } from './wire/write.ts';

/**
 * The capabilities of the moment (RFC 5804 §1.7), as CAPABILITY, the greeting and a new TLS layer tell them.
 */
export function capabilities(context: Context): string {
  const { options, connection, isLoggedIn } = context;
  const mechanisms = saslMechanisms({ plaintextAllowed: context.passwordsAllowed });
  const lines = [
    capabilityLine('IMPLEMENTATION', 'Cirrus'),
    capabilityLine('SASL', mechanisms.join(' ')),
    capabilityLine('SIEVE', options.language.extensions.join(' ')),
    capabilityLine('UNAUTHENTICATE'),
    capabilityLine('VERSION', '1.0'),
  ];
  if (options.secureContext !== undefined && !connection.secured) lines.push(capabilityLine('STARTTLS'));
  if (isLoggedIn) lines.push(capabilityLine('OWNER', context.account.user.name));
  return lines.join('');
}
