import { saslMechanisms } from '../../lib/auth/sasl/table.ts';
import type { Context } from './context.ts';
import { capabilityLine } from './wire/write.ts';

/**
 * The capabilities of the moment (RFC 5804 §1.7), as CAPABILITY, the greeting and a new TLS layer tell them.
 */
export function capabilities(context: Context): string {
  const { options, connection, isLoggedIn } = context;
  const { language } = options;
  const mechanisms = saslMechanisms({ plaintextAllowed: context.passwordsAllowed });
  const lines = [
    capabilityLine('IMPLEMENTATION', 'Cirrus'),
    capabilityLine('SASL', mechanisms.join(' ')),
    capabilityLine('SIEVE', language.extensions.join(' ')),
    capabilityLine('LANGUAGE', 'en'),
    capabilityLine('MAXREDIRECTS', String(language.redirects)),
    capabilityLine('UNAUTHENTICATE'),
    capabilityLine('VERSION', '1.0'),
  ];
  // With enotify this one is due (RFC 5804 §1.7); mailto is its only method here.
  if (language.extensions.includes('enotify')) lines.push(capabilityLine('NOTIFY', 'mailto'));
  if (options.secureContext !== undefined && !connection.secured) lines.push(capabilityLine('STARTTLS'));
  if (isLoggedIn) lines.push(capabilityLine('OWNER', context.account.user.name));
  return lines.join('');
}
