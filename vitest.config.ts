import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

// `vitest --mode long` also runs the tests that prove large models.
export default defineConfig(({ mode }) => ({
  test: {
    include: ['{node,protocol,verify,contracts,tests,bin,scripts,bench}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(mode === 'long' ? [] : ['**/*.long.test.ts'])],
    globalSetup: ['tests/setup/global-setup.ts'],
    env: { TESSERA_TEST_LIGHT_MODELS: join(import.meta.dirname, 'node_modules/.cache/tessera/light-models') },
    pool: 'forks',
    maxWorkers: 2,
    // Real processes and networks on machines that others use, too; a test that passes only the second time is shown as such.
    retry: process.env.CI ? 1 : 0,
    // Real proofs, chains and networks, on two cores that may be busy with ten times as much: a limit only ends what hangs.
    testTimeout: mode === 'long' ? 3_600_000 : 600_000,
    hookTimeout: mode === 'long' ? 3_600_000 : 600_000,
    expect: { poll: { timeout: 300_000 } },
  },
}));
