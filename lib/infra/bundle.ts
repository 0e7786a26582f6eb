import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Some packages are CommonJS and ask for `require`, which modules do not have. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Bundles `lambdas/NAME.ts` with all it imports, the SDK too, into `OUTPUT/index.mjs`, whose `handler` Lambda calls. */
export function bundleLambda(name: string, output: string): void {
  buildSync({
    entryPoints: [join(repository, 'lambdas', `${name}.ts`)],
    outfile: join(output, 'index.mjs'),
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
}

/** The bundle as Lambda takes it. Made in this process: one start of esbuild's command line costs more than the bundle. */
export function lambdaCode(name: string): AssetCode {
  const tryBundle = (output: string): boolean => {
    bundleLambda(name, output);
    return true;
  };
  return Code.fromAsset(join(repository, 'lambdas'), {
    assetHashType: AssetHashType.OUTPUT,
    // Assets are told apart by what is written here, not by what the function does: hence the name.
    bundling: { image: DockerImage.fromRegistry('never-used'), command: [name], local: { tryBundle } },
  });
}
