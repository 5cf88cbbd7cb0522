/** `logout`: deletes the token from a profile. The address stays, so that reads still work; the token itself stays valid. */
import type { OwnToken } from '../../api/answer-types.ts'
import { Session } from '../../api/session.ts'
import type { Command } from '../../command.ts'
import { readProfile, writeProfile } from '../../config/profile-file.ts'
import { describeMissing, profileName, toSettings } from '../../config/settings.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { agree } from '../../input/confirm.ts'

/** How long the service has to say which token it is. Without an answer the question is asked all the same. */
const DEADLINE_MS = 2_000

export const logout: Command = {
  usage: '',
  takes: [0, 0],
  options: { yes: { short: 'y', means: 'do not ask' } },
  examples: [['switchyard logout -p prod', 'its token is deleted here; reads still work']],
  notes: 'The token works until it is revoked or expires: "switchyard token revoke".',
  async run(input, { print, env, profile: asked }) {
    const name = profileName(asked, env)
    const found = readProfile(name, env)
    if (found === null) throw new Misuse(describeMissing(name, asked !== undefined, env))
    const settings = toSettings(name, found, {})
    const { label } = settings
    const { token, token_label: holder, ...rest } = found.profile
    if (token === undefined) {
      print.data({ stash: label, profile: name, deleted: false }, [], () => {})
      print.say(`${label}: the profile "${name}" has no token.`)
      return EXIT.done
    }
    if (!input.isSet('yes')) {
      const isMaster = await askIfMaster(new Session(settings), holder)
      print.warn(`${label}: ${describeLoss(isMaster)}`)
      await agree(`Delete the token of the profile "${name}"?`, {
        unasked: `${label}: this asks first, and there is no terminal to ask on. --yes confirms it.`,
        declined: 'Nothing was changed.',
      })
    }
    writeProfile(name, rest, env)
    print.data({ stash: label, profile: name, deleted: true }, [name], () => {})
    const who = holder === undefined || holder === 'master' ? '' : ` ${holder}`
    print.say(
      `${label}: the token is deleted here. It works until it is revoked, with another token: switchyard token revoke${who}`,
    )
    if (env['SWITCHYARD_TOKEN']) print.say('SWITCHYARD_TOKEN is set, and is used instead.')
    return EXIT.done
  },
}

/** Null: not known. */
async function askIfMaster(stash: Session, holder: string | undefined): Promise<boolean | null> {
  try {
    const { body } = await stash.read<OwnToken>('/token', { master: 'boolean' }, {}, DEADLINE_MS)
    return body.master
  } catch {
    return holder === undefined ? null : holder === 'master'
  }
}

function describeLoss(isMaster: boolean | null): string {
  if (isMaster === true)
    return 'this is the master token, and here may be its only copy. Without it, only the admin of the service can make another.'
  const what =
    isMaster === null ? 'if this is the master token, here may be its only copy' : 'the token is deleted here'
  return `${what}. Reads still work; changes take another token.`
}
