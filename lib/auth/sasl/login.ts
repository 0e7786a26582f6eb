import { identify, type SaslMechanism, SaslRefused, saslText } from './mechanism.ts';

/**
 * LOGIN (draft-murchison-sasl-login): the name, then the password, each in answer to a question. Older than PLAIN and no
 * better, but what some mail programs and MTAs choose. The questions are those that such programs look for.
 */
export const login: SaslMechanism = {
  name: 'LOGIN',
  plaintext: true,
  async run(client, authenticator) {
    // Quirk (curl, Outlook): the name comes with the command.
    const name = saslText(client.initialResponse ?? (await client.ask('Username:')));
    const password = saslText(await client.ask('Password:'));
    if (name === '' || password === '' || name.includes('\0')) throw new SaslRefused('malformed');
    return identify(client, authenticator, { as: '', name, password });
  },
};
