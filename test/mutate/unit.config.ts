import { defineConfig } from 'vitest/config'

/** Unit tests alone: loading the runtime, the server and their tools takes longer than they do. */
export default defineConfig({
  test: { include: ['test/unit/**/*.test.ts'], pool: 'threads', maxWorkers: 2, testTimeout: 40_000 },
})
