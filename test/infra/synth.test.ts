import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cdk = join(root, 'node_modules/.bin/cdk');
const PATIENCE_MS = 240_000;

/** A network of its own, with nobody in it: only root may make one, and not everywhere. */
const alone = spawnSync('unshare', ['-n', 'true']).status === 0;

interface Assets {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
  readonly dockerImages: Readonly<Record<string, { readonly source: { readonly directory: string } }>>;
}

describe(`cdk synth, as people run it${alone ? ', without a network' : ''}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let output: string;
  let run: SpawnSyncReturns<string>;
  let assets: Assets;

  beforeAll(async () => {
    folder = await temporaryFolder();
    output = join(folder.path, 'out');
    const started = performance.now();
    run = synth('-c', 'domain=example.org', '-c', 'ses=true');
    console.log(`cdk synth took ${((performance.now() - started) / 1000).toFixed(1)} s`);
    assets = JSON.parse(readFileSync(join(output, 'Cirrus.assets.json'), 'utf8')) as Assets;
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  function synth(...context: string[]): SpawnSyncReturns<string> {
    const args = [cdk, 'synth', '--quiet', '--no-notices', '--output', output, ...context];
    const [command = '', ...rest] = alone ? ['unshare', '-n', ...args] : args;
    // The machine's own credentials and settings are not the template's.
    const { HOME, PATH } = process.env;
    const env = { HOME, PATH, CDK_DISABLE_CLI_TELEMETRY: 'true', AWS_EC2_METADATA_DISABLED: 'true' };
    return spawnSync(command, rest, { cwd: root, env, encoding: 'utf8', timeout: PATIENCE_MS });
  }

  it('succeeds, and has nothing to complain of', () => {
    expect([run.status, run.error]).toEqual([0, undefined]);
    expect(run.stderr).not.toMatch(/\b(error|warning)\b/i);
    const template = JSON.parse(readFileSync(join(output, 'Cirrus.template.json'), 'utf8')) as {
      Resources: Record<string, { Type: string }>;
    };
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::ECS::Service', 'AWS::DynamoDB::GlobalTable']));
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(5);
    expect(types).toContain('AWS::SES::ReceiptRule');
  });

  it('makes bundles that Node loads by themselves, with a handler', () => {
    const bundles = Object.values(assets.files)
      .map(({ source }) => join(output, source.path))
      .filter((path) => !path.endsWith('.json'));
    expect(bundles).toHaveLength(5);
    for (const bundle of bundles) {
      const url = pathToFileURL(join(bundle, 'index.mjs')).href;
      const load = `const { handler } = await import(${JSON.stringify(url)}); process.stdout.write(typeof handler)`;
      const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', load], {
        cwd: bundle,
        encoding: 'utf8',
        timeout: PATIENCE_MS,
      });
      expect([loaded.stdout, loaded.stderr]).toEqual(['function', '']);
    }
  });

  it('gives the image what it is made of, and nothing of the machine it was made on', () => {
    const [image] = Object.values(assets.dockerImages);
    const directory = join(output, image?.source.directory ?? '');
    expect(readdirSync(directory).sort()).toEqual([
      '.dockerignore',
      'Dockerfile',
      'bin',
      'gateway',
      'lib',
      'package-lock.json',
      'package.json',
    ]);
    // What it runs is all there, the packages beside it.
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    const load =
      "await import('./gateway/main.ts'); process.argv.push('--version'); await import('./bin/container.ts')";
    const env = { PATH: process.env.PATH };
    const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', load, 'container.ts'], {
      cwd: directory,
      env,
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    expect([loaded.status, loaded.stderr]).toEqual([0, '']);
    expect(loaded.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('refuses a prop that is not allowed, and says what is', () => {
    const refused = synth('-c', 'minTasks=0');
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('minTasks: "0" is not allowed; allowed: a number from 1 to 1000');
  });
});
