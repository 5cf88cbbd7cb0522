/**
 * Which stash, where, with which token. A profile that is asked for by name goes before the environment, and that before the
 * current profile. A token goes only where it was set up to go: SWITCHYARD_STASH without SWITCHYARD_TOKEN is read without
 * one, and never gets a profile's.
 */
import { isSlug } from '../../model/slug.ts'
import { Misuse } from '../exit.ts'
import { askIfMeant, listNearest } from '../input/find-nearest.ts'
import type { Environment } from './environment.ts'
import { listProfiles, readCurrent, readProfile, type Found } from './profile-file.ts'

export type Settings = {
  url: string
  /** The id or the slug of the stash. */
  stash: string
  token: string | undefined
  /** The profile that they are from, by name. */
  profile: string | undefined
  /** The name of the stash in every answer. */
  label: string
  /** Whether each change asks first. */
  isProtected: boolean
  /** What to tell the person, though it works. */
  warning: string | undefined
}

export const DEFAULT_PROFILE = 'default'

export const profileName = (asked: string | undefined, env: Environment): string =>
  asked ?? (env['SWITCHYARD_PROFILE'] || (readCurrent(env) ?? DEFAULT_PROFILE))

export function readSettings(asked: string | undefined, env: Environment): Settings {
  const { SWITCHYARD_URL: url, SWITCHYARD_STASH: stash, SWITCHYARD_TOKEN: token } = env
  if (asked === undefined && stash) {
    if (!url) throw new Misuse('SWITCHYARD_STASH is set, and SWITCHYARD_URL is not: where is it?')
    const address = checkStash(stash)
    return {
      url: checkUrl(url),
      stash: address,
      token: checkToken(token),
      profile: undefined,
      label: shortenStash(address),
      isProtected: false,
      warning: undefined,
    }
  }
  const name = profileName(asked, env)
  const found = readProfile(name, env)
  if (found === null) throw new Misuse(describeMissing(name, asked !== undefined, env))
  return toSettings(name, found, asked === undefined ? env : {})
}

export function toSettings(name: string, { profile, file, open }: Found, env: Environment): Settings {
  const url = checkUrl(profile.url)
  if (env['SWITCHYARD_URL'] && checkUrl(env['SWITCHYARD_URL']) !== url) {
    throw new Misuse(
      `SWITCHYARD_URL is set, but the profile "${name}" is of ${url}. Set SWITCHYARD_STASH as well, or neither.`,
    )
  }
  return {
    url,
    stash: checkStash(profile.stash_id),
    // A second person's token at the same stash.
    token: checkToken(env['SWITCHYARD_TOKEN'] || profile.token),
    profile: name,
    label: name === DEFAULT_PROFILE ? (profile.slug ?? profile.name ?? name) : name,
    isProtected: profile.protected === true,
    warning: open ? `Others on this machine may read ${file}, which holds a token: chmod 600 it.` : undefined,
  }
}

/** A slug as it is, and the beginning of an id. */
const shortenStash = (stash: string): string => (isSlug(stash) ? stash : stash.slice(0, 8))

/** Says which profiles there are: a typing error must not lead to another one. */
export function describeMissing(name: string, wasAsked: boolean, env: Environment): string {
  const known = listProfiles(env)
  const wasNamed = wasAsked || Boolean(env['SWITCHYARD_PROFILE'])
  if (!wasNamed && known.length === 0)
    return 'No stash is set up here. "switchyard init --url <url>" creates one, "switchyard login --url <url> --stash <slug or id>" keeps one that exists; or set SWITCHYARD_URL, SWITCHYARD_STASH and SWITCHYARD_TOKEN.'
  const near = listNearest(name, known)
  const missing = `There is no profile "${name}"${askIfMeant(near)}`
  if (near.length > 0) return missing
  if (known.length === 0) return `${missing} "switchyard login --profile ${name}" makes one.`
  const listed = known.slice(0, 10).join(', ')
  return wasNamed
    ? `${missing} There are: ${listed}. "switchyard login --profile ${name}" makes another.`
    : `No profile is current. "switchyard use <profile>" chooses one; there are: ${listed}.`
}

export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Misuse(`"${text}" is not a URL. One is: https://flags.example/api`)
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Misuse('The URL is scheme, host and path: no name, no query, no fragment.')
  }
  return url.href.replace(/\/+$/, '')
}

export function checkStash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text) || isSlug(text)) return text
  throw new Misuse(
    `"${text.slice(0, 80)}" is not a stash: that is an id of 64 digits 0-9 a-f, or a slug such as prod-7f3k (3 to 40 of a-z 0-9 -).`,
  )
}

/** Whether it is valid, the service says. Characters that no header can hold never get there. */
export function checkToken(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]*$/.test(text)) return text || undefined
  throw new Misuse('That is not a token: it has blanks or line ends in it. Was it cut from a terminal?')
}
