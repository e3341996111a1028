import { defineConfig } from 'vitest/config'

const minutes = (n: number) => n * 60_000

/** One group of tests = one folder under tests/. */
function group(name: string, options: { test: number; hook?: number; order?: number }) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      testTimeout: options.test,
      hookTimeout: options.hook ?? minutes(1),
      // groups with an order run one file at a time, after those before them: they measure time or need much
      fileParallelism: options.order === undefined,
      sequence: { groupOrder: options.order ?? 0 },
      setupFiles: ['tests/support/leaks.ts'],
    },
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    // test files measure and spawn processes of their own
    maxWorkers: 2,
    globalSetup: ['tests/support/announce.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    env: { TRIBUTARY_LANG: 'en', TZ: 'Pacific/Apia' },
    reporters: process.env.TRIBUTARY_TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.TRIBUTARY_TEST_REPORT }]]
      : ['default'],
    projects: [
      group('rules', { test: minutes(1) }),
      group('unit', { test: 30_000 }),
      group('contract', { test: minutes(1) }),
      group('golden', { test: minutes(1) }),
      group('e2e', { test: minutes(5), hook: minutes(5), order: 1 }),
      group('faults', { test: minutes(30), hook: minutes(5), order: 2 }),
      group('real', { test: minutes(15), hook: minutes(15), order: 3 }),
    ],
  },
})
