import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, PASSWORD, startGateway } from './gateway.ts';
import { describeWith } from './programs.ts';
import { run, runWell } from './run.ts';

const SIVTEST = '/usr/lib/cyrus/bin/sivtest';
const SCRIPT = 'require "fileinto";\nif header :contains "subject" "offer" {\n  fileinto "Junk";\n}\n';
const WRONG = 'require "fileinto";\nif header :contains "subject" {\n';

describeWith(['sieveshell'], 'sieveshell', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    // It knows no TLS.
    gateway = await startGateway(['anna', 'cyrus'], { allowplaintext: 'on' });
    await writeFile(join(gateway.workFolder, 'filter.sieve'), SCRIPT);
    await writeFile(join(gateway.workFolder, 'wrong.sieve'), WRONG);
    return () => gateway[Symbol.asyncDispose]();
  });
  const sieveshell = (who: readonly string[], commands: readonly string[], password = PASSWORD) => {
    const place = `${gateway.host}:${gateway.sievePort}`;
    const args = [...who, '-p', password, '-e', commands.join('\n'), place];
    return run('sieveshell', args, { cwd: gateway.workFolder });
  };

  it('puts, lists, shows, activates, deactivates and deletes', async () => {
    const commands = [
      'put filter.sieve',
      'put filter.sieve second',
      'activate filter.sieve',
      'list',
      'get filter.sieve',
    ];
    const { code, stdout, stderr } = await sieveshell(['-a', 'anna', '-u', 'anna'], commands);
    expect(code, stderr).toBe(0);
    expect(stdout.toString()).toContain(`filter.sieve  <- active script\nsecond \n${SCRIPT}`);
    const after = await sieveshell(['-a', 'anna', '-u', 'anna'], ['deactivate', 'delete filter.sieve', 'list']);
    expect(after.stdout.toString()).toMatch(/^second $/m);
    expect(after.stdout.toString()).not.toContain('filter.sieve');
  });

  it('says why a script is refused, and at which line', async () => {
    const { stdout, stderr } = await sieveshell(['-a', 'anna', '-u', 'anna'], ['put wrong.sieve']);
    expect(`${stdout}${stderr}`).toMatch(/line 2, column \d+/);
  });

  it('lets an administrator work on the scripts of another', async () => {
    await sieveshell(['-a', 'cyrus', '-u', 'anna'], ['put filter.sieve byadmin']);
    const { stdout } = await sieveshell(['-a', 'anna', '-u', 'anna'], ['list']);
    expect(stdout.toString()).toMatch(/^byadmin $/m);
  });

  it('is told that the password is wrong', async () => {
    const { code, stderr } = await sieveshell(['-a', 'anna', '-u', 'anna'], ['list'], 'wrong');
    expect(code).not.toBe(0);
    expect(stderr).toContain('unable to connect to server');
  });
});

describeWith([SIVTEST], 'sivtest', () => {
  it('logs in inside TLS and lists', async () => {
    await using gateway = await startGateway(['anna']);
    const file = join(gateway.workFolder, 'commands');
    await writeFile(file, 'PUTSCRIPT "a" "keep;"\r\nLISTSCRIPTS\r\nLOGOUT\r\n');
    const where = ['-p', String(gateway.sievePort), '-t', '', '-f', file, gateway.host];
    const said = await runWell(SIVTEST, ['-a', 'anna', '-w', PASSWORD, ...where]);
    expect(said.toString()).toMatch(/TLS connection established: TLSv1\.3/);
    expect(said.toString()).toMatch(/^S: OK\r?\nAuthenticated\.\r?$/m);
    expect(said.toString()).toMatch(/^OK\r?\n"a"\r?\nOK\r?\nOK\r?\nConnection closed\.\r?$/m);
    const refused = await run(SIVTEST, ['-a', 'anna', '-w', 'wrong', ...where]);
    expect(refused.stdout.toString()).toContain('S: NO "Authentication Error"');
  });
});

/** What a webmail does with its library (Roundcube's plugin managesieve is built upon it). */
const php = `<?php
require_once 'Net/Sieve.php';
[, $port, $password, $script, $wrong, $certificate] = $argv;
$ssl = ['ssl' => ['cafile' => $certificate, 'peer_name' => 'localhost', 'verify_peer' => true]];
function told($what, $got) {
  $text = $got instanceof PEAR_Error ? 'error ' . $got->getMessage() : json_encode($got);
  echo $what, ': ', $text, "\\n";
}
$sieve = new Net_Sieve('anna', $password, '127.0.0.1', $port, '', '', false, false, true, $ssl);
told('login', $sieve->getError());
told('mechanisms', $sieve->getAuthMechs());
told('fileinto', $sieve->hasExtension('fileinto'));
told('space', $sieve->haveSpace('filter', 100));
told('install', $sieve->installScript('filter', $script, true));
told('wrong', $sieve->installScript('wrong', $wrong));
told('list', $sieve->listScripts());
told('active', $sieve->getActive());
told('get', $sieve->getScript('filter'));
told('remove active', $sieve->removeScript('filter'));
told('deactivate', $sieve->setActive(''));
told('remove', $sieve->removeScript('filter'));
told('list', $sieve->listScripts());
told('logout', $sieve->disconnect());
$refused = new Net_Sieve('anna', 'wrong', '127.0.0.1', $port, 'LOGIN', '', false, false, true, $ssl);
told('refused', $refused->getError());
`;

describeWith(['php', '/usr/share/php/Net/Sieve.php'], 'Net_Sieve of PHP', () => {
  it('does what a webmail does, inside TLS', async () => {
    await using gateway = await startGateway(['anna'], { servername: 'localhost' });
    const file = join(gateway.workFolder, 'webmail.php');
    await writeFile(file, php);
    const args = [file, String(gateway.sievePort), PASSWORD, SCRIPT, WRONG, gateway.certificate];
    const lines = (await runWell('php', args)).toString().trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/(^wrong: error "line 2, column )\d+.*/, '$1N'))).toEqual([
      'login: false',
      'mechanisms: ["PLAIN","LOGIN"]',
      'fileinto: true',
      'space: true',
      'install: true',
      'wrong: error "line 2, column N',
      'list: ["filter"]',
      'active: "filter"',
      // It keeps the line end after the literal.
      `get: ${JSON.stringify(`${SCRIPT}\r\n`)}`,
      'remove active: error (ACTIVE) "Active script cannot be deleted"',
      'deactivate: true',
      'remove: true',
      'list: []',
      'logout: true',
      'refused: error "Authentication Error"',
    ]);
  });
});
