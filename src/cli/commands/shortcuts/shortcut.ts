/**
 * The commands for one kind of flag, such as `maintenance`: they change it for the whole stash, or for some of its services,
 * and show it. A service `checkout` has the flag `checkout.maintenance-mode`.
 */
import { createKeyMatcher } from '../../../model/access/key-matcher.ts'
import { isPattern, noSuchFlag, readFlags, toService } from '../../change/find-flags.ts'
import { writeFlags } from '../../change/write-flags.ts'
import type { Context, Option } from '../../command.ts'
import { CREATING } from '../../command.ts'
import type { Session } from '../../api/session.ts'
import { Declined, Misuse, type Exit } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import type { Input } from '../../input/input.ts'
import { showFlags } from '../flags/show-flags.ts'

export type Shortcut = {
  /** Of the command: `maintenance`. */
  name: string
  /** The key without its service: `maintenance-mode`. */
  key: string
}

export const shortcutOptions = (key: string): Record<string, Option> => ({
  all: { means: 'every service, and the stash as a whole; asks first' },
  key: { takes: '<key>', means: `another flag instead of ${key}` },
  ...CREATING,
})

/** Shows the flag of these services; of all without any. */
export async function showShortcut(
  { key }: Shortcut,
  services: readonly string[],
  input: Input,
  context: Context,
): Promise<Exit> {
  const flag = input.text('key') ?? key
  const keys = services.length === 0 ? [flag, `*.${flag}`] : services.map((service) => `${service}.${flag}`)
  return showFlags(context, keys)
}

/** Writes the value for these services; for the stash as a whole without any. */
export async function writeShortcut(
  shortcut: Shortcut,
  value: string,
  services: readonly string[],
  input: Input,
  context: Context,
): Promise<Exit> {
  const flag = input.text('key') ?? shortcut.key
  const isChosen = input.isSet('all') || services.some(isPattern)
  if (input.isSet('all') && services.length > 0) throw new Misuse('--all is every service: name services, or --all.')
  const missing = (stash: Session, key: string, known: Iterable<string>): Error =>
    describeMissing(stash, shortcut.name, key, flag, [...known])
  if (!isChosen) {
    const keys = services.length === 0 ? [flag] : [...new Set(services)].map((service) => `${service}.${flag}`)
    return writeFlags(
      keys.map((key) => ({ key, value })),
      input,
      context,
      { missing },
    )
  }
  const stash = context.session()
  const known = [...(await readFlags(stash)).keys()]
  const patterns = input.isSet('all') ? [flag, `*.${flag}`] : services.map((service) => `${service}.${flag}`)
  const keys = known.filter(createKeyMatcher(patterns))
  if (keys.length === 0) throw noSuchFlag(stash, patterns.at(-1) ?? flag, known, 'change')
  return writeFlags(
    keys.map((key) => ({ key, value })),
    input,
    context,
    { missing, consequence: `${keys.join(', ')}.` },
  )
}

/** Names the services that have the flag, and the one that was probably meant. */
function describeMissing(stash: Session, command: string, key: string, flag: string, known: readonly string[]): Error {
  const services = known.filter((one) => one.endsWith(`.${flag}`)).map((one) => one.slice(0, -flag.length - 1))
  if (services.length === 0) return noSuchFlag(stash, key, known, 'create')
  const service = key.slice(0, Math.max(0, key.length - flag.length - 1))
  const listed = services.slice(0, 12).join(', ')
  const facts = { key, services }
  if (service === '') {
    const message = `${stash.label}: there is no flag "${flag}" for the stash as a whole. Services with one: ${listed}. Name them after the command, or --all. --create makes "${flag}". Nothing was changed.`
    return new Declined('no_such_flag', message, facts)
  }
  const near = listNearest(service, services)
  const exists = known.some((one) => toService(one) === service)
  const subject = exists ? `the service "${service}" has no flag "${flag}"` : `there is no service "${service}"`
  const others = near.length > 0 ? '' : ` Services with ${command}: ${listed}.`
  return new Declined(
    'no_such_flag',
    `${stash.label}: ${subject}${askIfMeant(near)}${others} --create makes "${key}". Nothing was changed.`,
    { ...facts, did_you_mean: near },
  )
}
