import { defineConfig } from 'vitest/config'

/** Runs only unit tests, because loading the runtime, the server and their tools takes longer than the tests. */
export default defineConfig({
  test: { include: ['test/unit/**/*.test.ts'], pool: 'threads', maxWorkers: 2, testTimeout: 40_000 },
})
