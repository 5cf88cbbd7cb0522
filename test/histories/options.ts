/** Parses the options of the command. */
import { parseArgs } from 'node:util'
import { BREAKS, isBreak, type Break } from './breaking-proxy.ts'

export type Options = {
  seconds: number
  /** The URL of a running service, whose processes are left alone. Null: the run starts its own. */
  url: string | null
  seed: number
  broken: Break | null
  writers: number
  readers: number
  watchers: number
  kills: boolean
  faultEveryMs: number
  recoveries: boolean
  fence: boolean
  clock: boolean
  hubs: boolean
  /** The number of Workers over the same objects. */
  workers: number
  /** The run continues past `seconds` until it has made this many operations and reads, because a slow machine makes few. */
  atLeast: number
  /** The longest time-box. */
  forMaxMs: number
}

export const USAGE = `npm run histories -- [options]

Starts the service with a data folder of its own, sends requests, kills it at random, and checks all answers.

  --url URL        tests a running service, without kills
  --seconds N      how long the workers run (60)
  --seed N         the seed of the random numbers (default: the clock); the machine's timing is not repeated
  --no-kills       no process is killed, neither while the workers run nor before the last read of KV
  --fault-every S  mean seconds between two faults (12)
  --no-hubs        all watchers connect to the object; otherwise hubs take those past the second
  --no-recoveries  the object is never restored from an older copy
  --no-fence       for a service that does not replay refusals to repeats
  --no-clock       for a service whose time-boxes end only with a revision, not by the clock in every copy
  --for S          the longest time-box, in seconds (8)
  --writers N (6)  --readers N (4)  --watchers N (8)
  --workers N      several Workers over the same objects, a lower limit of confirmations, and hubs that are aborted (1)
  --broken NAME    breaks the service on purpose, to show that the checks find it:
${Object.entries(BREAKS)
  .map(([name, what]) => `                   ${name}: ${what}`)
  .join('\n')}`

export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      url: { type: 'string' },
      for: { type: 'string', default: '8' },
      broken: { type: 'string' },
      writers: { type: 'string', default: '6' },
      readers: { type: 'string', default: '4' },
      watchers: { type: 'string', default: '8' },
      kills: { type: 'boolean', default: true },
      'fault-every': { type: 'string', default: '12' },
      recoveries: { type: 'boolean', default: true },
      fence: { type: 'boolean', default: true },
      clock: { type: 'boolean', default: true },
      hubs: { type: 'boolean', default: true },
      workers: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { broken = null, url = null } = values
  if (broken !== null && !isBreak(broken)) throw new Error(`--broken takes one of: ${Object.keys(BREAKS).join(', ')}`)
  if (url !== null && broken === 'recovery') throw new Error('a recovery needs a service of its own')
  return {
    url,
    seconds: parseNumber('seconds', values.seconds, 1, 86_400),
    seed: parseNumber('seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 32),
    broken,
    writers: parseNumber('writers', values.writers, 1, 50),
    readers: parseNumber('readers', values.readers, 0, 50),
    watchers: parseNumber('watchers', values.watchers, 0, 100),
    kills: values.kills && url === null,
    faultEveryMs: 1_000 * parseNumber('fault-every', values['fault-every'], 1, 3_600),
    recoveries: values.recoveries && url === null,
    fence: values.fence,
    clock: values.clock,
    hubs: values.hubs,
    workers: url === null ? parseNumber('workers', values.workers, 1, 16) : 1,
    atLeast: 0,
    forMaxMs: 1_000 * parseNumber('for', values.for, 2, 60),
  }
}

function parseNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isFinite(number) && number >= least && number <= most) return number
  throw new Error(`--${name} takes a number from ${least} to ${most}`)
}
