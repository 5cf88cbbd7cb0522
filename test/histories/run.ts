/**
 * `npm run histories`: an independent check of the service by what its users see. It imports nothing of the service, speaks
 * HTTP only, and holds what it saw against the contract. Exit: 0 without a violation, 1 with one, 2 where it could not run.
 * With --broken it is the other way round: 0 where the broken service was found out.
 */
import { check } from './check.ts'
import { play } from './drama.ts'
import { readOptions, USAGE } from './options.ts'
import { listViolations, tableOf } from './report.ts'
import type { Service } from './service.ts'

/** For starts, rest and checks, on a slow machine. */
const SPARE_MS = 240_000

let service: Service | null = null

/** The service's own error lines: not a violation, and often the cause of one. */
function sayErrors(): void {
  const errors = service?.errors ?? []
  if (errors.length > 0) console.log(`the service logged ${errors.length} errors:\n${errors.slice(0, 5).join('\n')}`)
}

const giveUp = async (why: string): Promise<void> => {
  console.error(why)
  sayErrors()
  await service?.end('SIGKILL')
  process.exit(2)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void giveUp(signal))
  const late = setTimeout(() => void giveUp('it took too long'), 1_000 * options.seconds + SPARE_MS)
  const { story, state } = await play(options, (started) => (service = started))
  const { violations, latestEndMs, timed, usedAgain } = check(story)
  clearTimeout(late)
  const more = {
    'time-boxed values': timed,
    'latest end of one, ms': latestEndMs,
    'revisions used again': usedAgain,
    revisions: story.final.revision,
    violations: violations.length,
  }
  console.log(
    `seed ${options.seed}, ${options.seconds} s${options.broken === null ? '' : `, broken: ${options.broken}`}`,
  )
  console.log(tableOf(story, state, more))
  if (violations.length > 0) console.log(listViolations(violations))
  sayErrors()
  process.exit(violations.length > 0 === (options.broken !== null) ? 0 : 1)
} catch (error) {
  await giveUp(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
