/** The command's options. */
import { parseArgs } from 'node:util'
import { BREAKS, isBreak, type Break } from './tamper.ts'

export type Options = {
  seconds: number
  /** A service that is up already, of which nothing is ended. Null: one is started. */
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
  /** The run goes on until so many operations and reads were made, on a machine that is busy. */
  atLeast: number
  /** The longest time-box. */
  forMaxMs: number
}

export const USAGE = `npm run histories -- [options]

Starts the service on a folder of its own, drives it over HTTP, ends it at random, and checks what it saw.

  --url URL        of a service that is up: nothing of it is ended then
  --seconds N      how long the workers run (60)
  --seed N         of the random numbers (default: the clock); the machine's timing is not repeated
  --no-kills       nothing is ended while the workers run, nor for the last look at KV
  --fault-every S  mean seconds between two faults (12)
  --no-hubs        the object tells all watchers itself; else hubs take those past the second
  --no-recoveries  the object is not put back to an older copy now and then
  --no-fence       of a service that judges the repeat of a refusal anew at once
  --no-clock       of a service whose time-boxes end with a revision only, not by the clock in every copy
  --for S          the longest time-box, in seconds (8)
  --writers N (6)  --readers N (4)  --watchers N (8)
  --broken NAME    the service broken on purpose, to show that the checks notice:
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
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { broken = null, url = null } = values
  if (broken !== null && !isBreak(broken)) throw new Error(`--broken takes one of: ${Object.keys(BREAKS).join(', ')}`)
  if (url !== null && broken === 'recovery') throw new Error('a recovery needs a service of its own')
  return {
    url,
    seconds: numberOf('seconds', values.seconds, 1, 86_400),
    seed: numberOf('seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 32),
    broken,
    writers: numberOf('writers', values.writers, 1, 50),
    readers: numberOf('readers', values.readers, 0, 50),
    watchers: numberOf('watchers', values.watchers, 0, 100),
    kills: values.kills && url === null,
    faultEveryMs: 1_000 * numberOf('fault-every', values['fault-every'], 1, 3_600),
    recoveries: values.recoveries && url === null,
    fence: values.fence,
    clock: values.clock,
    hubs: values.hubs,
    atLeast: 0,
    forMaxMs: 1_000 * numberOf('for', values.for, 2, 60),
  }
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isFinite(number) && number >= least && number <= most) return number
  throw new Error(`--${name} takes a number from ${least} to ${most}`)
}
