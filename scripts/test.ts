// One command proves it: format and lint, types, tests; the last line is `N passed, N failed`.
// usage: node scripts/test.ts check|all|soak
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const mode = process.argv[2] ?? 'all';

let passed = 0;
let failed = 0;

function step(name: string, command: string, args: readonly string[]): void {
  const started = Date.now();
  const { status } = spawnSync(bin(command), args, { cwd: root, stdio: 'inherit' });
  const ok = status === 0;
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (ok) passed++;
  else failed++;
}

function tests(args: readonly string[]): void {
  const dir = mkdtempSync(join(tmpdir(), 'cirrus-report-'));
  const report = join(dir, 'report.json');
  const { status } = spawnSync(
    bin('vitest'),
    ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { cwd: root, stdio: 'inherit', env: { ...process.env, CIRRUS_TEST_MODE: mode } },
  );
  try {
    const totals = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number };
    passed += totals.numPassedTests;
    failed += totals.numFailedTests;
    // A file that cannot be loaded fails the run without failing a test.
    if (status !== 0 && totals.numFailedTests === 0) failed++;
  } catch {
    failed++;
  }
  rmSync(dir, { recursive: true, force: true });
}

if (mode !== 'soak') {
  step('format and lint', 'biome', ['ci', '--error-on-warnings', '.']);
  step('types', 'tsc', ['-p', '.']);
  // The CDK's declarations need a looser rule of their own.
  step('types of the stack', 'tsc', ['-p', 'lib/infra']);
}
if (mode === 'check') tests(['--project', 'unit']);
else if (mode === 'all') {
  const missing = installDebianPackages();
  tests([]);
  if (missing.length > 0) console.log(`NOT RUN: tests of ${missing.join(', ')}, which could not be installed`);
} else tests(['--project', 'soak*']);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
