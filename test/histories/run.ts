/**
 * `npm run histories`: checks the service from outside. It imports nothing from src, uses HTTP only, records all requests and
 * answers, and checks the recording against the contract. Exit code: 0 without a violation, 1 with one, 2 if the run failed.
 * With --broken the codes 0 and 1 are exchanged, because the violations are expected.
 */
import { check } from './check.ts'
import { runWorkload } from './run-workload.ts'
import { readOptions, USAGE } from './options.ts'
import { listViolations, formatTable } from './report.ts'
import type { Service } from './service.ts'

/** Extra time for starts, the quiet phase and the checks on a slow machine. */
const SPARE_MS = 240_000

let service: Service | null = null

/** Prints the service's error lines. They are no violations, but often show the cause of one. */
function printErrors(): void {
  const errors = service?.errors ?? []
  if (errors.length > 0) console.log(`the service logged ${errors.length} errors:\n${errors.slice(0, 5).join('\n')}`)
}

const abort = async (why: string): Promise<void> => {
  console.error(why)
  printErrors()
  await service?.end('SIGKILL')
  process.exit(2)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void abort(signal))
  const late = setTimeout(() => void abort('it took too long'), 1_000 * options.seconds + SPARE_MS)
  const { recording, state } = await runWorkload(options, (started) => (service = started))
  const { violations, latestEndMs, timed, usedAgain } = check(recording)
  clearTimeout(late)
  const more = {
    'time-boxed values': timed,
    'latest end of one, ms': latestEndMs,
    'revisions used again': usedAgain,
    revisions: recording.final.revision,
    violations: violations.length,
  }
  console.log(
    `seed ${options.seed}, ${options.seconds} s${options.broken === null ? '' : `, broken: ${options.broken}`}`,
  )
  console.log(formatTable(recording, state, more))
  if (violations.length > 0) console.log(listViolations(violations))
  printErrors()
  process.exit(violations.length > 0 === (options.broken !== null) ? 0 : 1)
} catch (error) {
  await abort(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
