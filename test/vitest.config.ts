import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** What takes seconds here may take a minute on a machine that does other things; hooks start processes, too. */
const patience = Number(process.env['TEST_PATIENCE_MS'] ?? 120_000)
const patient = { testTimeout: patience, hookTimeout: patience, expect: { poll: { timeout: patience / 4 } } }

export default defineConfig({
  test: {
    // The service's own log lines.
    onConsoleLog: (log) => (log.startsWith('{"level":') ? false : undefined),
    globalSetup: 'test/support/server.ts',
    // Most of them wait: for processes, browsers, alarms.
    maxWorkers: 3,
    projects: [
      {
        // The object's code without workerd.
        resolve: {
          alias: {
            'cloudflare:workers': fileURLToPath(new URL('world/runtime/cloudflare-workers.ts', import.meta.url)),
          },
        },
        test: { name: 'world', include: ['test/world/**/*.test.ts'], ...patient },
      },
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...patient } },
      {
        // The Worker as it is deployed, with faults that a test can switch on in its bindings.
        plugins: [
          cloudflareTest({
            main: './test/support/faulty-worker.ts',
            wrangler: { configPath: './wrangler.toml' },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          globalSetup: 'test/support/expected-noise.ts',
          ...patient,
        },
      },
      // Over the network. These also run against a deployment that lets anyone create stashes:
      // SWITCHYARD_URL=https://… npm test -- --project contract
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...patient } },
      // In a real Chromium.
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/support/browser.ts',
          ...patient,
        },
      },
      // The clients, each a process of its own, beside the service and beside bad ones.
      {
        test: {
          name: 'client',
          include: ['test/client/**/*.test.ts'],
          globalSetup: 'test/support/browser.ts',
          ...patient,
        },
      },
      // The command line, as processes.
      { test: { name: 'cli', include: ['test/cli/**/*.test.ts'], ...patient } },
      // The service on this machine, as a process.
      { test: { name: 'local', include: ['test/local/**/*.test.ts'], ...patient } },
    ],
  },
})
