/** `use`: chooses the current profile, or says which it is. It sends no request. */
import type { Command, Context } from '../../command.ts'
import { readCurrent, readFormer, readProfile, writeCurrent, type Profile } from '../../config/profile-file.ts'
import { describeMissing, profileName } from '../../config/settings.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { paint } from '../../output/print.ts'

export const use: Command = {
  usage: '[<profile> | -]',
  takes: [0, 1],
  examples: [
    ['switchyard use prod', 'commands without -p are for this one from now on'],
    ['switchyard use', 'which one is current'],
    ['switchyard use -', 'the one before'],
  ],
  async run({ args: [given] }, context) {
    const { env } = context
    if (given === undefined) return showCurrent(context)
    const name = given === '-' ? readFormer(env) : given
    if (name === null) throw new Misuse('No profile was current before.')
    const found = readProfile(name, env)
    if (found === null) throw new Misuse(`${describeMissing(name, true, env)} Nothing was changed.`)
    writeCurrent(name, env)
    return showProfile(name, found.profile, context)
  },
}

function showCurrent(context: Context): Exit {
  const { env, profile: asked } = context
  const name = profileName(asked, env)
  const found = readProfile(name, env)
  if (found === null) throw new Misuse(describeMissing(name, asked !== undefined, env))
  context.print.names(context.print.format === 'table' ? [name] : [])
  return showProfile(name, found.profile, context)
}

function showProfile(name: string, profile: Profile, { print, env }: Context): Exit {
  const { token, ...facts } = profile
  print.data({ profile: name, ...facts, has_token: token !== undefined }, [name], () => {})
  print.say(`${name}: ${describeProfile(profile)}`)
  const override = describeOverride(name, { print, env })
  if (override !== null) print.warn(paint('yellow', override))
  return EXIT.done
}

/** `prod-7f3k at https://flags.example/api, as bob`. */
export function describeProfile({
  url,
  slug,
  name,
  stash_id: id,
  token,
  token_label: label,
  ...rest
}: Profile): string {
  const as = token === undefined ? 'without a token: reads only' : label === undefined ? 'with a token' : `as ${label}`
  return `${slug ?? name ?? id.slice(0, 8)} at ${url}, ${as}${rest.protected === true ? ', protected' : ''}`
}

/** Which variable decides before the current profile; null: none does. */
export function describeOverride(name: string, { env }: Pick<Context, 'env' | 'print'>): string | null {
  if (env['SWITCHYARD_STASH'])
    return 'SWITCHYARD_STASH is set, and decides before the current profile. -p <profile> decides before both.'
  const other = env['SWITCHYARD_PROFILE']
  if (other && other !== name)
    return `SWITCHYARD_PROFILE is "${other}", and decides before the current profile, ${readCurrent(env) ?? 'none'}.`
  if (env['SWITCHYARD_TOKEN']) return "SWITCHYARD_TOKEN is set, and is used instead of the profile's token."
  return null
}
