import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // The service's own log lines.
    onConsoleLog: (log) => (log.startsWith('{"level":') ? false : undefined),
    globalSetup: 'test/support/server.ts',
    // Most of them wait: for processes, browsers, alarms.
    maxWorkers: 3,
    projects: [
      { test: { name: 'world', include: ['test/world/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        // The Worker as it is deployed, with faults that a test can switch on in its bindings.
        plugins: [
          cloudflareTest({ main: './test/support/faulty-worker.ts', wrangler: { configPath: './wrangler.toml' } }),
        ],
        // A test that takes seconds here may take a minute on a machine that does other things.
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'], testTimeout: 60_000 },
      },
      // Over the network. These also run against a deployment that lets anyone create stashes:
      // SWITCHYARD_URL=https://… npm test -- --project contract
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000 } },
      // In a real Chromium.
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 120_000 } },
      // The clients, each a process of its own, beside the service and beside bad ones.
      { test: { name: 'client', include: ['test/client/**/*.test.ts'], testTimeout: 60_000 } },
      // The command line, as processes.
      { test: { name: 'cli', include: ['test/cli/**/*.test.ts'], testTimeout: 120_000 } },
      // The service on this machine, as a process.
      { test: { name: 'local', include: ['test/local/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
})
