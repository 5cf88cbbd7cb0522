/** `token create`: a token for a person or a machine. Its secret goes to stdout or into a profile, never both unasked. */
import { ABILITIES } from '../../../model/access/ability.ts'
import type { DryRun, TokenCreated } from '../../api/answer-types.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { printDryRun } from '../../change/dry-run.ts'
import { askFirst } from '../../change/perform-change.ts'
import type { Context } from '../../command.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import { readProfile, reserveProfile } from '../../config/profile-file.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { formatDuration, parseDuration } from '../../input/duration.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import type { Input } from '../../input/input.ts'
import { describeAbilities } from './describe-token.ts'
import { formatTime } from '../../output/time-text.ts'

const LOST_TOKEN =
  'A token may have been made whose secret is lost: look at "switchyard token list", and revoke it before you try again.'

export async function createToken(label: string, input: Input, { print, env, session }: Context): Promise<Exit> {
  const spec = {
    label,
    can: readAbilities(input.text('can')),
    keys: splitList(input.text('keys')),
    expires_in: readDuration('expires-in', input),
  }
  const stash = session()
  const call = { ...toReasonCall(input), body: spec }
  const path = stash.path('/tokens')
  const action = `Make a token for ${label}`
  if (input.isSet('dry-run')) {
    const { body } = await stash.dryRun<DryRun>('POST', path, call, { revision: 'number', dry_run: 'boolean' })
    return printDryRun(print, stash, action, body)
  }
  await askFirst(print, stash, input, { action })
  const save = input.text('save')
  const place = save === undefined ? null : reserveProfile(save, env, { replace: false })
  const secretShape = { token_id: 'string', token: 'string' } as const
  const { body } = await stash.sendOnce<TokenCreated>(path, call, secretShape, LOST_TOKEN).catch((fault: unknown) => {
    place?.release()
    throw fault
  })
  const { token: secret, ...facts } = body
  const { url, stash: stash_id, profile } = stash.settings
  if (place !== null) {
    const { slug, name } = (profile === undefined ? null : readProfile(profile, env))?.profile ?? {}
    const title = { ...(slug !== undefined && { slug }), ...(name !== undefined && { name }) }
    keepSecret(print, place, { url, stash_id, token: secret, ...title, token_label: label })
  }
  const document = { stash: stash.label, ...(place === null ? body : { ...facts, profile: save }) }
  print.data(document, [body.token_id], () => {
    if (place === null) print.line(secret)
  })
  const end = body.expires_at ? `, until ${formatTime(body.expires_at)}` : ''
  const what = facts.can === undefined ? '' : ` ${describeAbilities({ ...facts, master: false })}${end}.`
  const where = place === null ? 'It is shown this once.' : `It is kept in the profile "${save ?? ''}".`
  print.say(`${stash.label}: ${label}${what || ' has a token.'} ${where}`)
  return EXIT.done
}

/** Every mistake is told before anything is sent. */
function readAbilities(text: string | undefined): string[] {
  const known: readonly string[] = ABILITIES
  const abilities = splitList(text)
  if (abilities === undefined || abilities.length === 0)
    throw new Misuse(`What may it do? --can write, or several with commas between them: ${known.join(', ')}.`)
  for (const ability of abilities) {
    if (!known.includes(ability))
      throw new Misuse(
        `There is no ability "${ability}"${askIfMeant(listNearest(ability, known))} Abilities: ${known.join(', ')}. Nothing was changed.`,
      )
  }
  return abilities
}

const splitList = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')

/** The duration of an option, as the service takes it. */
export function readDuration(option: string, input: Input): string | undefined {
  const text = input.text(option)
  return text === undefined ? undefined : formatDuration(parseDuration(`--${option}`, text))
}
