import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync, type OutputFile } from 'esbuild';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Some packages are CommonJS and ask for `require`, which modules do not have. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** The functions: each is a file of that name in `lambdas/`. */
export const functionNames = ['ingest', 'deliver', 'submit', 'expire', 'compact'] as const;
export type FunctionName = (typeof functionNames)[number];

/** Where source maps count the paths of sources from: the same wherever a bundle is written to. */
const OUTPUT = join(repository, 'cdk.out');

/**
 * Bundles functions with all they import, the SDK too; each becomes `NAME/index.mjs`, whose `handler` Lambda calls, and its source map.
 * All at once: most of what one imports the others do too, and it is read and parsed once.
 */
function bundle(names: readonly FunctionName[]): readonly OutputFile[] {
  const entryPoints = names.map((name) => ({
    in: join(repository, 'lambdas', `${name}.ts`),
    out: join(name, 'index'),
  }));
  const { outputFiles } = buildSync({
    entryPoints,
    outdir: OUTPUT,
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    logLevel: 'error',
  });
  return outputFiles;
}

/** Bundles functions into folders of their names below `folder`. */
export function bundleInto(folder: string, names: readonly FunctionName[]): void {
  for (const { path, contents } of bundle(names)) {
    const target = join(folder, relative(OUTPUT, path));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents);
  }
}

let bundled: readonly OutputFile[] | undefined;

/** The bundle as Lambda takes it. Made in this process: one start of esbuild's command line costs more than the bundles. */
export function lambdaCode(name: FunctionName): AssetCode {
  const tryBundle = (output: string): boolean => {
    bundled ??= bundle(functionNames);
    for (const { path, contents } of bundled) {
      if (dirname(path) === join(OUTPUT, name)) writeFileSync(join(output, basename(path)), contents);
    }
    return true;
  };
  return Code.fromAsset(join(repository, 'lambdas'), {
    assetHashType: AssetHashType.OUTPUT,
    // Assets are told apart by what is written here, not by what the function does: hence the name.
    bundling: { image: DockerImage.fromRegistry('never-used'), command: [name], local: { tryBundle } },
  });
}
