/** Runs test files of a copy of the project until one fails, within a bounded time. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Tests that take longer hang, and a hang counts as killed. All files of a room take two minutes on two idle cores. Unit tests
 * need no runtime, and each of their files takes a second.
 */
const START_MS = 120_000
const FILE_MS = { unit: 2_000, runtime: 30_000 }
export const NO_END = 'no end'

/** The part of vitest's JSON report that is read. */
type Report = { testResults: { name: string; assertionResults: { status: string }[] }[] }

/** Returns the file that failed, or another reason why the tests did not pass, or null if all passed. */
export async function runTests(copy: string, files: string[]): Promise<string | null> {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const needsServer = files.some((file) => !/^test\/(?:unit|world|worker)\//.test(file))
  // With the default timeout of a test, a mutant that hangs every test would take two hours.
  const env = {
    ...process.env,
    TEST_PATIENCE_MS: '40000',
    ...(!needsServer && { SWITCHYARD_URL: 'http://not.needed' }),
  }
  const onlyUnit = files.every((file) => file.startsWith('test/unit/'))
  const config = onlyUnit ? 'test/mutate/unit.config.ts' : 'test/vitest.config.ts'
  const options = [`--config=${config}`, '--bail=1', '--reporter=json', `--outputFile=${report}`]
  const projects = onlyUnit ? [] : [...new Set(files.map((file) => `--project=${file.split('/')[1]}`))]
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...options, ...projects, ...files]
  const child = spawn(process.execPath, args, { cwd: copy, env, stdio: 'ignore', detached: true })
  // The process group contains the runtime, servers and browsers as well.
  const endAll = (): void => void process.kill(-(child.pid ?? 0), 'SIGKILL')
  // Must run before the handler that removes the folder, because these processes write into it.
  process.prependOnceListener('exit', endAll)
  const timer = setTimeout(endAll, START_MS + files.length * FILE_MS[onlyUnit ? 'unit' : 'runtime'])
  const code = await new Promise<number | null>((done) => child.once('exit', done))
  clearTimeout(timer)
  process.off('exit', endAll)
  if (code === 0) return null
  if (code === null) return NO_END
  if (!existsSync(report)) return 'no start'
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  // A fault outside of tests counts as failed as well.
  const failed = testResults.find(({ assertionResults }) => assertionResults.some(({ status }) => status === 'failed'))
  return files.find((file) => failed?.name.endsWith(file)) ?? 'a fault outside of tests'
}
