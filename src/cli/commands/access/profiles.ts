/** `profiles`: lists, protects, renames and deletes profiles. A deleted one may have held the only copy of a token. */
import type { Command, Context } from '../../command.ts'
import {
  deleteProfile,
  listProfiles,
  readCurrent,
  readProfile,
  renameProfile,
  writeProfile,
  type Profile,
} from '../../config/profile-file.ts'
import { DEFAULT_PROFILE, describeMissing } from '../../config/settings.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { toUsage } from '../../input/arguments.ts'
import { agree } from '../../input/confirm.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import type { Input } from '../../input/input.ts'
import { bold, dim, paint, type Piece } from '../../output/print.ts'
import { describeOverride, describeProfile } from './use.ts'

const VERBS = ['list', 'protect', 'unprotect', 'delete', 'rename']

export const profiles: Command = {
  usage: '[list | protect <name> | unprotect <name> | delete <name> | rename <name> <new name>]',
  takes: [0, 3],
  options: { yes: { short: 'y', means: 'of delete: do not ask' } },
  examples: [
    ['switchyard profiles', 'all profiles; * is the current one'],
    ['switchyard profiles protect prod', 'each change of prod asks first'],
    ['switchyard profiles delete old', 'with its token; asks first'],
  ],
  async run(input, context) {
    const [verb = 'list', name, to, ...more] = input.args
    if (!VERBS.includes(verb))
      throw new Misuse(
        `"profiles ${verb}" is unknown${askIfMeant(listNearest(verb, VERBS))}\n${toUsage('profiles', profiles)}`,
      )
    const isWhole = (name === undefined) === (verb === 'list') && (to === undefined) === (verb !== 'rename')
    if (!isWhole || more.length > 0) throw new Misuse(toUsage('profiles', profiles))
    if (name === undefined) return list(context)
    const { env, print } = context
    if (verb === 'delete') return remove(name, input, context)
    const profile = demandProfile(name, context)
    if (verb === 'rename' && to !== undefined) {
      renameProfile(name, to, env)
      print.data({ profile: to, renamed_from: name }, [to], () => {})
      print.say(`${name}: the profile is "${to}" now`)
      return EXIT.done
    }
    const { protected: _, ...rest } = profile
    const isProtected = verb === 'protect'
    writeProfile(name, { ...rest, ...(isProtected && { protected: true }) }, env)
    print.data({ profile: name, protected: isProtected }, [name], () => {})
    print.say(`${name}: ${isProtected ? 'each change asks first' : 'changes do not ask first any more'}`)
    return EXIT.done
  },
}

function demandProfile(name: string, { env }: Context): Profile {
  const found = readProfile(name, env)
  if (found === null) throw new Misuse(`${describeMissing(name, true, env)} Nothing was changed.`)
  return found.profile
}

type Listed = { name: string; profile: Profile | null }

function list(context: Context): Exit {
  const { print, env } = context
  const all = listProfiles(env).map((name): Listed => ({ name, profile: readIfWhole(name, context) }))
  const names = all.map(({ name }) => name)
  const chosen = readCurrent(env)
  const current = chosen ?? (names.includes(DEFAULT_PROFILE) ? DEFAULT_PROFILE : null)
  const documents = all.map(({ name, profile }) => {
    if (profile === null) return { profile: name, current: name === current, broken: true }
    const { token, protected: isProtected = false, ...facts } = profile
    return {
      profile: name,
      current: name === current,
      ...facts,
      protected: isProtected,
      has_token: token !== undefined,
    }
  })
  print.data({ profiles: documents, current }, names, () => print.table(all.map((one) => toRow(one, current))))
  if (names.length === 0) print.say('There are no profiles. "switchyard init" or "switchyard login" makes one.')
  else if (current === null) print.say('No profile is current. "switchyard use <profile>" chooses one.')
  const override = describeOverride(current ?? '', context)
  if (override !== null) print.warn(paint('yellow', override))
  return EXIT.done
}

/** Null: the file is not a profile, or cannot be read. The others are listed all the same. */
function readIfWhole(name: string, { env }: Context): Profile | null {
  try {
    return readProfile(name, env)?.profile ?? null
  } catch (fault) {
    if (fault instanceof Misuse) return null
    throw fault
  }
}

function toRow({ name, profile }: Listed, current: string | null): Piece[] {
  const mark = name === current ? '*' : ' '
  if (profile === null) return [mark, bold(name), paint('red', 'broken'), '', '', '']
  const { url, slug, name: title, stash_id: id, token, token_label: label } = profile
  const stash = [slug ?? id.slice(0, 8), ...(title === undefined || title === slug ? [] : [`(${title})`])].join(' ')
  const holder = token === undefined ? dim('no token: reads only') : `token${label === undefined ? '' : ` of ${label}`}`
  return [mark, bold(name), stash, url, holder, profile.protected === true ? paint('yellow', 'protected') : '']
}

/** One that is broken can be deleted as well. */
async function remove(name: string, input: Input, context: Context): Promise<Exit> {
  const { print, env } = context
  if (!listProfiles(env).includes(name)) demandProfile(name, context)
  const profile = readIfWhole(name, context)
  if (!input.isSet('yes')) {
    const what = profile === null ? 'it cannot be read' : describeProfile(profile)
    const loss = profile?.token === undefined ? '' : ' It may hold the only copy of a token, which stays valid.'
    print.warn(`${name}: ${what}.${loss}`)
    await agree(`Delete the profile "${name}"?`, {
      unasked: `${name}: this asks first, and there is no terminal to ask on. --yes confirms it.`,
      declined: 'Nothing was changed.',
    })
  }
  const wasCurrent = readCurrent(env) === name
  deleteProfile(name, env)
  print.data({ profile: name, deleted: true }, [name], () => {})
  print.say(`${name}: the profile is deleted${wasCurrent ? '. No profile is current now' : ''}`)
  return EXIT.done
}
