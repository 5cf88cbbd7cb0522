/** The stashes of all profiles, each once: the profile with a token stands for the others of the same stash. */
import { groupBy } from './group-by.ts'
import type { Environment } from '../../../config/environment.ts'
import { describeMissing, toSettings, type Settings } from '../../../config/settings.ts'
import { listProfiles, readProfile, type Profile } from '../../../config/profile-file.ts'
import { Misuse } from '../../../exit.ts'

export type ListedStash = {
  /** Of the profile. */
  name: string
  /** Other profiles of the same stash. */
  also: string[]
  /** `problem`: why the profile cannot be used. */
  settings: Settings | { problem: string }
}

type Read = { name: string; profile: Profile | null; settings: ListedStash['settings'] }

/** @param warn gets what others on this machine could read */
export function listStashes(env: Environment, warn: (warning: string) => void): ListedStash[] {
  const names = listProfiles(env)
  if (names.length === 0) throw new Misuse(describeMissing('', false, { ...env, SWITCHYARD_PROFILE: undefined }))
  const read = names.map((name) => readOne(name, env))
  for (const { settings } of read)
    if (!('problem' in settings) && settings.warning !== undefined) warn(settings.warning)
  const ids = collectIds(read)
  const groups = groupBy(read, (one) => toAddress(one, ids))
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group.toSorted((a, b) => Number(hasToken(b)) - Number(hasToken(a)))
    return first === undefined
      ? []
      : [{ name: first.name, also: others.map(({ name }) => name), settings: first.settings }]
  })
}

/** A profile that cannot be read must not hide the others. */
function readOne(name: string, env: Environment): Read {
  try {
    const found = readProfile(name, env)
    if (found === null) return { name, profile: null, settings: { problem: 'the profile was deleted meanwhile' } }
    // The variables of the environment are about one stash: they change no profile here.
    return { name, profile: found.profile, settings: toSettings(name, found, {}) }
  } catch (fault) {
    if (!(fault instanceof Misuse)) throw fault
    return { name, profile: null, settings: { problem: fault.message } }
  }
}

const hasToken = ({ settings }: Read): boolean => !('problem' in settings) && settings.token !== undefined

/** By address and slug: the id, where another profile has both. */
function collectIds(read: readonly Read[]): Map<string, string> {
  const ids = new Map<string, string>()
  for (const { profile, settings } of read)
    if (profile?.slug !== undefined && !('problem' in settings))
      ids.set(`${settings.url} ${profile.slug}`, settings.stash)
  return ids
}

function toAddress({ name, settings }: Read, ids: ReadonlyMap<string, string>): string {
  // No URL has a blank in it.
  if ('problem' in settings) return ` ${name}`
  const address = `${settings.url} ${settings.stash}`
  return `${settings.url} ${ids.get(address) ?? settings.stash}`
}
