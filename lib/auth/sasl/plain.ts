import { identify, type SaslMechanism, SaslRefused, saslText } from './mechanism.ts';

/** PLAIN (RFC 4616): `message = [authzid] NUL authcid NUL passwd` */
export const plain: SaslMechanism = {
  name: 'PLAIN',
  plaintext: true,
  async run(client, authenticator) {
    const message = client.initialResponse ?? (await client.ask(''));
    const parts = saslText(message).split('\0');
    const [as, name, password] = parts;
    if (parts.length !== 3 || as === undefined || !name || !password) throw new SaslRefused('malformed');
    return identify(client, authenticator, { as, name, password });
  },
};
