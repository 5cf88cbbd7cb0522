/**
 * Which stash, where, in whose name. A profile that is asked for by name goes before the environment, and that before the
 * default profile. A token goes only where it was set up to go: SWITCHYARD_STASH without SWITCHYARD_TOKEN is read without
 * one, and never gets a profile's.
 */
import type { Environment } from './environment.ts'
import { Misuse } from '../exit.ts'
import { readProfile, type Found } from './profile-file.ts'

export type Settings = {
  url: string
  stash: string
  token: string | undefined
  /** The profile that they are from, by name. */
  profile: string | undefined
  /** What to tell the person, though it works. */
  warning: string | undefined
}

export const profileName = (asked: string | undefined, env: Environment): string =>
  asked ?? (env['SWITCHYARD_PROFILE'] || 'default')

export function readSettings(asked: string | undefined, env: Environment): Settings {
  const { SWITCHYARD_URL: url, SWITCHYARD_STASH: stash, SWITCHYARD_TOKEN: token } = env
  if (asked === undefined && stash) {
    if (!url) throw new Misuse('SWITCHYARD_STASH is set, and SWITCHYARD_URL is not: where is it?')
    return {
      url: checkUrl(url),
      stash: checkStash(stash),
      token: checkToken(token),
      profile: undefined,
      warning: undefined,
    }
  }
  const name = profileName(asked, env)
  const found = readProfile(name, env)
  if (found === null) throw new Misuse(noProfile(name, asked !== undefined || Boolean(env['SWITCHYARD_PROFILE'])))
  return settingsOf(name, found, asked === undefined ? env : {})
}

function settingsOf(name: string, { profile, file, open }: Found, env: Environment): Settings {
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
    warning: open ? `Others on this machine may read ${file}, which holds a token: chmod 600 it.` : undefined,
  }
}

const noProfile = (name: string, wasNamed: boolean): string =>
  wasNamed
    ? `There is no profile "${name}". "switchyard init --profile ${name}" makes one.`
    : 'No stash is set up here. "switchyard init --url <url>" creates one and keeps it in a profile; or set SWITCHYARD_URL, SWITCHYARD_STASH and SWITCHYARD_TOKEN.'

export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Misuse(`"${text}" is no URL. One is: https://flags.example/api`)
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Misuse('The URL is scheme, host and path: no name, no query, no fragment.')
  }
  return url.href.replace(/\/+$/, '')
}

export function checkStash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new Misuse(`"${text.slice(0, 80)}" is no stash's id: that is 64 of 0-9 a-f.`)
}

/** Whether it counts, the service says. What cannot stand in a header never gets there. */
export function checkToken(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]*$/.test(text)) return text || undefined
  throw new Misuse('That is no token: it has blanks or line ends in it. Was it cut from a terminal?')
}
