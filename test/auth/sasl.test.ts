import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryAuthenticator } from '../../lib/auth/authenticator.ts';
import { hashPassword } from '../../lib/auth/password.ts';
import { authenticateSasl, saslMechanisms } from '../../lib/auth/sasl/table.ts';
import { openEmbedded } from '../../lib/embedded/open.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let cleanUp: AsyncDisposableStack;
let authenticator: DirectoryAuthenticator;

beforeEach(async () => {
  cleanUp = new AsyncDisposableStack();
  const folder = cleanUp.use(await temporaryFolder());
  const home = await openEmbedded(folder.path);
  cleanUp.defer(() => home.close());
  const store = new MailStore(home);
  cleanUp.defer(() => store.close());
  for (const name of ['anna', 'cyrus', 'bert@example.org', 'root@example.org']) {
    await addUser(store, { name, verifier: await hashPassword(`${name}s`), withoutMailboxes: true });
  }
  authenticator = new DirectoryAuthenticator(store, {
    admins: ['cyrus', 'root@example.org'],
    defaultDomain: 'example.org',
    wait: async () => undefined,
  });
});
afterEach(() => cleanUp.disposeAsync());

interface Told {
  readonly mechanism: string;
  readonly initial?: string;
  readonly answers?: readonly string[];
  readonly plaintextAllowed?: boolean;
}

/** Who is logged in (`who by whom`), or why nobody; then the challenges in clear. */
async function run({ mechanism, initial, answers = [], plaintextAllowed = true }: Told): Promise<readonly string[]> {
  const challenges: string[] = [];
  const left = [...answers];
  const exchange = {
    mechanism,
    initialResponse: initial === undefined ? undefined : Buffer.from(initial),
    plaintextAllowed,
    remoteAddress: '192.0.2.1',
    ask: async (challenge: string) => {
      challenges.push(Buffer.from(challenge, 'base64').toString());
      const answer = left.shift() ?? '';
      return answer === '*' || answer === '!' ? answer : Buffer.from(answer).toString('base64');
    },
  };
  const outcome = await authenticateSasl(exchange, authenticator).then(
    ({ user, authenticated }) => `${user.name} by ${authenticated.name}`,
    (error: { readonly reason?: string }) => error.reason ?? String(error),
  );
  return [outcome, ...challenges];
}

test('the mechanisms that a client is offered', () => {
  expect(saslMechanisms({ plaintextAllowed: true })).toEqual(['PLAIN', 'LOGIN']);
  expect(saslMechanisms({ plaintextAllowed: false })).toEqual([]);
});

test('PLAIN with and without an initial response (RFC 4616)', async () => {
  expect(await run({ mechanism: 'PLAIN', initial: '\0anna\0annas' })).toEqual(['anna by anna']);
  expect(await run({ mechanism: 'plain', answers: ['\0anna\0annas'] })).toEqual(['anna by anna', '']);
  expect(await run({ mechanism: 'PLAIN', initial: '\0anna\0wrong' })).toEqual(['failed']);
  expect(await run({ mechanism: 'PLAIN', initial: '\0nobody\0annas' })).toEqual(['failed']);
});

test('LOGIN asks for both, or only for the password', async () => {
  const asked = ['Username:', 'Password:'];
  expect(await run({ mechanism: 'LOGIN', answers: ['anna', 'annas'] })).toEqual(['anna by anna', ...asked]);
  expect(await run({ mechanism: 'LOGIN', initial: 'anna', answers: ['annas'] })).toEqual(['anna by anna', 'Password:']);
  expect(await run({ mechanism: 'LOGIN', answers: ['anna', 'wrong'] })).toEqual(['failed', ...asked]);
});

test('what is cancelled, malformed, unknown or not protected', async () => {
  expect(await run({ mechanism: 'PLAIN', answers: ['*'] })).toEqual(['cancelled', '']);
  expect(await run({ mechanism: 'LOGIN', answers: ['anna', '*'] })).toEqual(['cancelled', 'Username:', 'Password:']);
  expect(await run({ mechanism: 'PLAIN', answers: ['!'] })).toEqual(['malformed', '']);
  for (const initial of ['', '\0', 'anna\0annas', '\0\0annas', '\0anna\0', '\0anna\0annas\0', 'a\0b\0c\0d']) {
    expect(await run({ mechanism: 'PLAIN', initial })).toEqual(['malformed']);
  }
  expect(await run({ mechanism: 'LOGIN', initial: '', answers: ['x'] })).toEqual(['malformed', 'Password:']);
  expect(await run({ mechanism: 'PLAIN', initial: '\0\xff\0annas' })).toEqual(['failed']);
  expect(await run({ mechanism: 'DIGEST-MD5' })).toEqual(['unknown-mechanism']);
  for (const mechanism of ['PLAIN', 'LOGIN']) {
    expect(await run({ mechanism, plaintextAllowed: false })).toEqual(['needs-tls']);
  }
});

test('an administrator acts for those of the own domain or for all, others for themselves (RFC 4422 §3.4.1)', async () => {
  expect(await run({ mechanism: 'PLAIN', initial: 'anna\0cyrus\0cyruss' })).toEqual(['anna by cyrus']);
  expect(await run({ mechanism: 'PLAIN', initial: 'bert\0cyrus\0cyruss' })).toEqual(['bert@example.org by cyrus']);
  const root = '\0root@example.org\0root@example.orgs';
  expect(await run({ mechanism: 'PLAIN', initial: `bert${root}` })).toEqual(['bert@example.org by root@example.org']);
  expect(await run({ mechanism: 'PLAIN', initial: `anna${root}` })).toEqual(['not-permitted']);
  expect(await run({ mechanism: 'PLAIN', initial: 'anna\0anna\0annas' })).toEqual(['anna by anna']);
  expect(await run({ mechanism: 'PLAIN', initial: 'anna@example.org\0anna\0annas' })).toEqual(['anna by anna']);
  expect(await run({ mechanism: 'PLAIN', initial: 'cyrus\0anna\0annas' })).toEqual(['not-permitted']);
  expect(await run({ mechanism: 'PLAIN', initial: 'nobody\0anna\0annas' })).toEqual(['not-permitted']);
  expect(await run({ mechanism: 'PLAIN', initial: 'nobody\0cyrus\0cyruss' })).toEqual(['not-permitted']);
  expect(await run({ mechanism: 'PLAIN', initial: 'anna\0cyrus\0annas' })).toEqual(['failed']);
});
