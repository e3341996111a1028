import { defineConfig } from 'vitest/config'

const minutes = (n: number) => n * 60_000

/** One group of tests = one folder under tests/. */
function group(name: string, options: { test: number; hook?: number; parallel?: boolean; leaks?: boolean }) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`tests/${name}/**/*.test.ts`],
      testTimeout: options.test,
      hookTimeout: options.hook ?? minutes(1),
      fileParallelism: options.parallel ?? true,
      setupFiles: options.leaks === false ? [] : ['tests/support/leaks.ts'],
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
      group('e2e', { test: minutes(5), hook: minutes(5), parallel: false }),
      group('faults', { test: minutes(30), hook: minutes(5), parallel: false }),
      group('real', { test: minutes(15), hook: minutes(15), parallel: false }),
    ],
  },
})
