import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { roundcubeSieve } from '../../scripts/debian-packages.ts';
import { PASSWORD, startGateway } from './gateway.ts';
import { mailboxesOf } from './mailboxes.ts';
import { describeWith } from './programs.ts';
import { rules } from './roundcube-rules.ts';
import { runWell } from './run.ts';

const program = fileURLToPath(new URL('roundcube.php', import.meta.url));

interface Told {
  readonly script: string;
  readonly rules: readonly unknown[];
}

describeWith(
  ['php', '/usr/share/php/Net/Sieve.php', roundcubeSieve, 'python3'],
  "Roundcube's plugin managesieve",
  () => {
    it('stores a script of every rule that it can write, activates it and reads the same rules back', async () => {
      await using gateway = await startGateway(['anna'], { servername: 'localhost' });
      const args = [program, roundcubeSieve, String(gateway.sievePort), PASSWORD, gateway.certificate];
      const json = await runWell('php', [...args, JSON.stringify(rules)]);
      const told = JSON.parse(json.toString()) as Told;
      expect(told).toMatchObject({
        connect: false,
        list: [],
        new: true,
        load: true,
        save: true,
        activate: true,
        wrong: [false, 4],
        listed: ['roundcube'],
        active: 'roundcube',
        copied: [true, true],
        removed: [true, true, true],
        unsupported: [],
        refused: 2,
      });
      expect(told.rules).toEqual(rules);

      const deliver = (subject: string, body: string) =>
        gateway.cirrus(
          ['deliver', 'anna'],
          `From: x@example.org\nTo: anna@example.org\nSubject: ${subject}\n\n${body}\n`,
        );
      await deliver('An offer for you', 'a');
      await deliver('hello', 'the quarterly figures');
      await deliver('hello', 'b');
      const mailboxes = await mailboxesOf(gateway, 'anna');
      expect(mailboxes.get('Junk')).toMatchObject([{ flags: [] }]);
      expect(mailboxes.get('Archive')).toMatchObject([{ flags: ['\\Flagged'] }]);
      expect(mailboxes.get('INBOX')).toMatchObject([{ flags: [] }]);
    });
  },
);
