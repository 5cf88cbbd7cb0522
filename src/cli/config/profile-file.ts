/**
 * Profiles: the address of a stash and a token for it, a file each, which only its owner can read. A token is kept here and
 * nowhere else, so a file is written whole or not at all, and replaces another only where that was asked for.
 */
import { Misuse } from '../exit.ts'
import type { Environment } from './environment.ts'

// As in `start.mjs`.
const { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } =
  process.getBuiltinModule('node:fs')
const { homedir } = process.getBuiltinModule('node:os')
const { join } = process.getBuiltinModule('node:path')

export type Profile = {
  url: string
  stash_id: string
  token?: string
  /** The slug and the name of the stash when the profile was made: they are shown, never sent. */
  slug?: string
  name?: string
  /** The label that the token had when it was kept: it is shown, never sent. */
  token_label?: string
  /** Each change asks first. */
  protected?: boolean
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const SUFFIX = '.json'
/** The file that holds the name of the current profile. It is no profile, since those end in `.json`. */
const CURRENT = 'current'
/** The profile that was current before, for `use -`. */
const FORMER = 'former'
/** The most profiles that are listed. */
export const PROFILES_MAX = 200

function folderOf(env: Environment): string {
  // The XDG rules: a relative path is to be ignored.
  const home = env['XDG_CONFIG_HOME']?.startsWith('/')
    ? env['XDG_CONFIG_HOME']
    : join(env['HOME'] ?? homedir(), '.config')
  return join(home, 'switchyard')
}

export function fileOf(name: string, env: Environment): string {
  if (!NAME.test(name)) throw new Misuse(`"${name}" cannot be the name of a profile: A-Z a-z 0-9 . _ - only.`)
  return join(folderOf(env), `${name}${SUFFIX}`)
}

/** The names of the profiles, sorted. */
export function listProfiles(env: Environment): string[] {
  let files: string[]
  try {
    files = readdirSync(folderOf(env))
  } catch {
    return []
  }
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter((name) => NAME.test(name))
    .toSorted()
    .slice(0, PROFILES_MAX)
}

/** The profile that `switchyard use` chose; null: none. */
export const readCurrent = (env: Environment): string | null => readName(CURRENT, env)

/** The profile that was current before; null: none. */
export const readFormer = (env: Environment): string | null => readName(FORMER, env)

function readName(file: string, env: Environment): string | null {
  try {
    const name = readFileSync(join(folderOf(env), file), 'utf8').trim()
    return NAME.test(name) ? name : null
  } catch {
    return null
  }
}

/** @param name null: none is current any more */
export function writeCurrent(name: string | null, env: Environment): void {
  const before = readCurrent(env)
  if (before === name) return
  writeName(CURRENT, name, env)
  if (before !== null) writeName(FORMER, before, env)
}

function writeName(pointer: string, name: string | null, env: Environment): void {
  const file = join(folderOf(env), pointer)
  try {
    if (name === null) rmSync(file, { force: true })
    else replaceFile(file, `${name}\n`)
  } catch (fault) {
    throw new Misuse(`${file} cannot be written: ${String(codeOf(fault))}.`)
  }
}

/** Whole or not at all. */
function replaceFile(file: string, text: string): void {
  const half = `${file}.${process.pid}.new`
  writeFileSync(half, text, { mode: 0o600 })
  chmodSync(half, 0o600)
  renameSync(half, file)
}

export type Found = { profile: Profile; file: string; /** Whether others on this machine can read it. */ open: boolean }

export function readProfile(name: string, env: Environment): Found | null {
  const file = fileOf(name, env)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (fault) {
    if (codeOf(fault) === 'ENOENT') return null
    throw new Misuse(`${file} cannot be read: ${String(codeOf(fault))}.`)
  }
  const profile = parseProfile(text)
  if (profile === null)
    throw new Misuse(
      `${file} is not a profile, or half of one. Repair it, or make it anew with "switchyard login --profile ${name} --force".`,
    )
  return { profile, file, open: (statSync(file).mode & 0o077) !== 0 }
}

function parseProfile(text: string): Profile | null {
  let raw: Record<string, unknown> | null
  try {
    // Read field by field below.
    raw = JSON.parse(text) as Record<string, unknown> | null
  } catch {
    return null
  }
  const { url, stash_id, token, slug, name, token_label: label, protected: isProtected } = raw ?? {}
  if (typeof url !== 'string' || typeof stash_id !== 'string') return null
  return {
    url,
    stash_id,
    ...(typeof token === 'string' && { token }),
    ...(typeof slug === 'string' && { slug }),
    ...(typeof name === 'string' && { name }),
    ...(typeof label === 'string' && { token_label: label }),
    ...(isProtected === true && { protected: true }),
  }
}

/**
 * Takes the place for a profile before there is a token for it: a token that is shown once must not be made where it
 * cannot be kept.
 */
export function reserveProfile(name: string, env: Environment, { replace }: { replace: boolean }): Reserved {
  const file = fileOf(name, env)
  if (!replace && statSync(file, { throwIfNoEntry: false }) !== undefined) {
    throw new Misuse(`${file} exists, and may hold the only copy of a token. Take --profile <name>, or --force.`)
  }
  const half = `${file}.${process.pid}.new`
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(half, '', { mode: 0o600, flag: 'wx' })
    // The mode above is subject to the umask, which can only take away.
    chmodSync(half, 0o600)
  } catch (fault) {
    throw new Misuse(`${file} cannot be written: ${String(codeOf(fault))}. Nothing was sent.`)
  }
  return {
    file,
    keep: (profile) => {
      writeFileSync(half, `${JSON.stringify(profile, null, 2)}\n`)
      renameSync(half, file)
    },
    release: () => rmSync(half, { force: true }),
  }
}

export type Reserved = { file: string; keep(profile: Profile): void; release(): void }

/** Replaces a profile that exists. */
export function writeProfile(name: string, profile: Profile, env: Environment): void {
  const file = fileOf(name, env)
  try {
    replaceFile(file, `${JSON.stringify(profile, null, 2)}\n`)
  } catch (fault) {
    throw new Misuse(`${file} cannot be written: ${String(codeOf(fault))}. It is as it was.`)
  }
}

export function deleteProfile(name: string, env: Environment): void {
  rmSync(fileOf(name, env))
  if (readCurrent(env) === name) writeCurrent(null, env)
}

/** @throws {Misuse} if there is a profile of the new name: it may hold the only copy of a token */
export function renameProfile(name: string, to: string, env: Environment): void {
  const file = fileOf(to, env)
  if (statSync(file, { throwIfNoEntry: false }) !== undefined)
    throw new Misuse(`There is a profile "${to}" already. Nothing was renamed.`)
  const isCurrent = readCurrent(env) === name
  renameSync(fileOf(name, env), file)
  if (isCurrent) writeCurrent(to, env)
}

export const codeOf = (fault: unknown): unknown => (fault instanceof Error && 'code' in fault ? fault.code : fault)
