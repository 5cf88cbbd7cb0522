/**
 * `__complete`: what may stand at the end of a command line, one candidate a line. The scripts of `completion` call it at each
 * Tab, so it ends in time, and fails without a word. A shell gets names of plain characters only: a name from the service that
 * has others could be read as a command.
 */
import { ABILITIES } from '../../../model/access/ability.ts'
import type { Flags, HeldPage } from '../../api/answer-types.ts'
import { Session } from '../../api/session.ts'
import { toService } from '../../change/find-flags.ts'
import { COMMON, type Option } from '../../command.ts'
import { findCommand, listCommandNames } from '../../commands.ts'
import type { Environment } from '../../config/environment.ts'
import { listProfiles } from '../../config/profile-file.ts'
import { readSettings } from '../../config/settings.ts'
import { optionsOf, splitCommand } from '../../input/arguments.ts'
import { FORMATS } from '../../output/format.ts'

/** With the start of Node it is less than 1.5 s. */
const DEADLINE_MS = 1_000
const CANDIDATES_MAX = 500
/** A name that begins with a hyphen would be read as an option. */
const PLAIN = /^[A-Za-z0-9._][A-Za-z0-9._-]*$/

type Typed = { args: string[]; profile: string | undefined; env: Environment }
type Source = (typed: Typed) => Promise<string[]> | string[]

/** @param words what stands after `switchyard`; the last one is not typed to its end, and may be empty */
export async function complete(words: readonly string[], env: Environment): Promise<string[]> {
  try {
    const typed = joinValues(words.slice(0, -1))
    const part = words.at(-1) ?? ''
    const found = await findCandidates(typed, part, env)
    return [...new Set(found)].filter((one) => one.startsWith(part)).slice(0, CANDIDATES_MAX)
  } catch {
    return []
  }
}

/** bash makes three words of `--profile=prod`. */
const joinValues = (words: readonly string[]): string[] => words.filter((word) => word !== '=')

async function findCandidates(typed: string[], part: string, env: Environment): Promise<string[]> {
  const { name, rest } = splitCommand(typed)
  const command = name === '' ? null : await findCommand(name)?.load()
  if (command === undefined) return []
  const options = command === null ? COMMON : optionsOf(command)
  // All words after it are another program's.
  if (rest.includes('--exec')) return []
  const profile = readProfileName(rest)
  const before = takesValue(typed.at(-1), options)
  if (before !== null) return completeValue(before, part, { args: [], profile, env })
  if (part.startsWith('-')) return Object.keys(options).map((option) => `--${option}`)
  if (command === null) return listCommandNames()
  const args = listArguments(rest, options)
  return (Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name] : undefined)?.({ args, profile, env }) ?? []
}

/** The option whose value comes next; null: none. */
function takesValue(word: string | undefined, options: Record<string, Option>): string | null {
  if (word === undefined || !word.startsWith('-') || word.includes('=')) return null
  const found = Object.entries(options).find(
    ([option, { short }]) => word === `--${option}` || (short !== undefined && word === `-${short}`),
  )
  return found !== undefined && found[1].takes !== undefined ? found[0] : null
}

/** The words that are neither options nor their values. */
function listArguments(words: readonly string[], options: Record<string, Option>): string[] {
  return words.filter((word, i) => !word.startsWith('-') && takesValue(words[i - 1], options) === null)
}

function readProfileName(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === '-p' || word === '--profile')
  return at < 0 ? undefined : words[at + 1]
}

async function completeValue(option: string, part: string, typed: Typed): Promise<string[]> {
  if (option === 'profile') return listProfiles(typed.env)
  if (option === 'output') return [...FORMATS]
  if (option === 'format') return ['json', 'env', 'nginx-map', 'flagd']
  if (option === 'flag') return readKeys(typed)
  if (option === 'can') {
    const given = part.slice(0, part.lastIndexOf(',') + 1)
    return ABILITIES.map((ability) => `${given}${ability}`)
  }
  return []
}

function toSession({ profile, env }: Typed): Session {
  return new Session(readSettings(profile, env))
}

/** Flags are public: they are read without a token. */
async function readKeys(typed: Typed): Promise<string[]> {
  const { body } = await toSession(typed).readPublic<Flags>('/flags', { flags: 'object' }, {}, DEADLINE_MS)
  return Object.keys(body.flags).filter((key) => PLAIN.test(key))
}

const readServices: Source = async (typed) =>
  (await readKeys(typed)).map(toService).filter((service) => service !== '' && !typed.args.includes(service))

const readNewKeys: Source = async (typed) => (await readKeys(typed)).filter((key) => !typed.args.includes(key))

const readHeldIds: Source = async (typed) => {
  const { body } = await toSession(typed).read<HeldPage>('/held', { held: 'list' }, { limit: 500 }, DEADLINE_MS)
  return body.held.map(({ held_id: id }) => id).filter((id) => PLAIN.test(id))
}

const readLabels: Source = async (typed) => {
  const { readTokens } = await import('../access/find-token.ts')
  const { toLabel } = await import('../access/describe-token.ts')
  return (await readTokens(toSession(typed), DEADLINE_MS)).map(toLabel).filter((label) => PLAIN.test(label))
}

const GUARD_TYPES = ['boolean', 'percentage', 'number', 'choice', 'text', 'email', 'url', 'json', 'split']

/** By the place of the argument: the first, the second …; the last is for all that follow. */
const inOrder =
  (...sources: Source[]): Source =>
  (typed) =>
    sources[Math.min(typed.args.length, sources.length - 1)]?.(typed) ?? []

const none: Source = () => []
const words =
  (...known: string[]): Source =>
  () =>
    known

/** After a verb. */
const afterVerb =
  (verbs: Record<string, Source>): Source =>
  (typed) => {
    const [verb, ...args] = typed.args
    if (verb === undefined) return Object.keys(verbs)
    return (Object.hasOwn(verbs, verb) ? verbs[verb] : undefined)?.({ ...typed, args }) ?? []
  }

const profileOnce: Source = inOrder(({ env }) => listProfiles(env), none)
const keyOnce: Source = inOrder(readNewKeys, none)

const ARGUMENTS: Record<string, Source> = {
  get: readNewKeys,
  list: readNewKeys,
  ls: readNewKeys,
  set: keyOnce,
  delete: readNewKeys,
  unset: readNewKeys,
  rm: readNewKeys,
  history: keyOnce,
  watch: readNewKeys,
  link: keyOnce,
  open: keyOnce,
  freeze: readNewKeys,
  unfreeze: readNewKeys,
  thaw: readNewKeys,
  maintenance: inOrder(words('on', 'off'), readServices),
  'on-call': inOrder(none, readServices),
  route: inOrder(none, readServices),
  held: inOrder(readHeldIds, none),
  approve: inOrder(readHeldIds, none),
  drop: inOrder(readHeldIds, none),
  guard: afterVerb({
    list: none,
    get: keyOnce,
    set: inOrder(readNewKeys, words(...GUARD_TYPES), none),
    delete: keyOnce,
  }),
  token: afterVerb({
    list: none,
    create: none,
    revoke: inOrder(readLabels, none),
    rotate: inOrder(readLabels, none),
    recover: none,
  }),
  use: profileOnce,
  profiles: afterVerb({
    list: none,
    protect: profileOnce,
    unprotect: profileOnce,
    delete: profileOnce,
    rename: profileOnce,
  }),
  completion: inOrder(words('bash', 'zsh', 'fish'), none),
  help: inOrder(listCommandNames, none),
}
