import { describe } from 'vitest';
import { howToInstall, missingPrograms, type Program } from '../../scripts/debian-packages.ts';

/**
 * `describe` for tests that run these programs. Where one is missing they are skipped, and the title says why; in CI they
 * fail instead, so that nothing is left out unseen.
 */
export function describeWith(
  programs: readonly Program[],
  title: string,
  tests: () => void,
  { asRoot = false }: { readonly asRoot?: boolean } = {},
): void {
  const missing = missingPrograms(programs);
  const mayRun = !asRoot || process.getuid?.() === 0;
  if (missing.length === 0 && mayRun) return void describe(title, tests);
  const reason =
    missing.length === 0 ? 'only root may start it' : `${missing.join(', ')} not installed: ${howToInstall(missing)}`;
  if (process.env.CI) throw new Error(reason);
  describe.skip(`${title} (${reason})`, tests);
}
