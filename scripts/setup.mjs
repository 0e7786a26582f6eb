// Makes a fresh clone ready: installs the locked packages (among them Node 24) when they are missing or out of date.
// Plain JavaScript, because it must run on any Node that npm came with.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
const stamp = join(root, 'node_modules', '.cirrus-installed');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('cirrus: installing the packages that package-lock.json names (once) ...');
  try {
    // No package that we use needs its install script: prebuilt parts come inside the packages.
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch {
    console.error('cirrus: "npm ci" failed (see above). Is the package registry within reach? Then try again.');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
