/**
 * `token rotate` and `token recover`: another secret in the place of one. The place for it is taken before it is made. It goes
 * into the profile whose token it replaces, else to stdout.
 */
import { RefusedError } from '../../../client/requests/errors.ts'
import type { OwnToken, TokenReplaced, TokenRotated } from '../../api/answer-types.ts'
import { Session } from '../../api/session.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { performChange, askFirst } from '../../change/perform-change.ts'
import type { Context } from '../../command.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import { readProfile, reserveProfile, type Profile, type Reserved } from '../../config/profile-file.ts'
import { checkToken } from '../../config/settings.ts'
import { Declined, EXIT, Misuse, type Exit } from '../../exit.ts'
import type { Input } from '../../input/input.ts'
import { formatTime } from '../../output/time-text.ts'
import { readDuration } from './create-token.ts'
import { findToken } from './find-token.ts'

const SECRET = { token_id: 'string', token: 'string' } as const

const LOST_MASTER =
  'The master token may be another one now, whose secret is lost: see whether yours still works ("switchyard token list"). With --overlap the old one goes on working for a while.'
const LOST_TOKEN =
  'The token may be another one now, whose secret is lost: look at "switchyard token list" before you try again.'

/** @param named an id or a label; undefined: the master token */
export async function rotateToken(named: string | undefined, input: Input, context: Context): Promise<Exit> {
  const { print, env, session } = context
  const stash = session()
  const spec = { overlap: readDuration('overlap', input) }
  const target = named === undefined ? null : await findToken(stash, named)
  const isMaster = target === null || target.found?.master === true
  const holder = isMaster ? 'master' : (target.found?.label ?? target.id)
  const path = stash.path(isMaster ? '/tokens/rotate' : `/tokens/${encodeURIComponent(target.id)}/rotate`)
  const call = { ...toReasonCall(input), body: spec }
  const action = `Replace the token of ${holder}`
  if (input.isSet('dry-run')) return performChange(print, stash, input, { method: 'POST', path, call, action })
  await askFirst(print, stash, input, { action })
  const isOwn = target === null || (await readOwnId(stash)) === target.id
  const place = takePlace(stash, isOwn, input, context)
  const { body } = await stash
    .sendOnce<TokenRotated | TokenReplaced>(path, call, SECRET, isMaster ? LOST_MASTER : LOST_TOKEN)
    .catch((fault: unknown) => {
      place?.reserved.release()
      throw target === null ? toOwnAdvice(stash, fault) : fault
    })
  const end = body.old_token_until ? `The old one works until ${formatTime(body.old_token_until)}.` : ''
  // A token that may not list the tokens knows its label by the answer.
  const label = 'label' in body ? body.label : holder
  return replySecret({ stash, place, holder: label, end, body }, input, env, print)
}

/** `tokens/rotate` is for the master token only; a person who means their own has to name it. */
function toOwnAdvice(stash: Session, fault: unknown): unknown {
  if (!(fault instanceof RefusedError) || fault.code !== 'not_permitted') return fault
  return new Declined(
    'not_permitted',
    `${stash.label}: this is not the master token. To replace your own: switchyard token rotate <your label> ("switchyard whoami" has it). Nothing was changed.`,
    fault.facts,
  )
}

/** The operator of the service makes a new master token. */
export async function recoverMaster(input: Input, context: Context): Promise<Exit> {
  const { print, env, session } = context
  const admin = checkToken(env['SWITCHYARD_ADMIN_TOKEN'])
  if (admin === undefined)
    throw new Misuse('"token recover" takes the admin token of the service: set SWITCHYARD_ADMIN_TOKEN to it.')
  const { settings } = session()
  const stash = new Session({ ...settings, token: admin })
  const isAll = input.isSet('all')
  const { query, headers } = toReasonCall(input)
  const call = { query: { ...query, ...(isAll && { all: 1 }) }, headers }
  const path = stash.path('/tokens/recover')
  const action = 'Make a new master token'
  const ended = isAll ? 'every token of the stash ends' : 'every master token ends; other tokens stay'
  const consequence = `a new master token is made, and ${ended}.`
  if (input.isSet('dry-run')) return performChange(print, stash, input, { method: 'POST', path, call, action })
  await askFirst(print, stash, input, { action, consequence })
  const held = settings.profile === undefined ? undefined : readProfile(settings.profile, env)?.profile.token_label
  const isOfPerson = held !== undefined && held !== 'master'
  const place = takePlace(stash, !isOfPerson, input, context)
  const { body } = await stash
    .sendOnce<TokenRotated & { leaves?: { label: string }[] }>(path, call, SECRET, LOST_MASTER)
    .catch((fault: unknown) => {
      place?.reserved.release()
      throw fault
    })
  const left = (body.leaves ?? []).map(({ label }) => label)
  const end = left.length === 0 ? 'No other token is valid.' : `Still valid: ${left.slice(0, 20).join(', ')}.`
  return replySecret({ stash, place, holder: 'master', end, body }, input, env, print)
}

async function readOwnId(stash: Session): Promise<string> {
  return (await stash.read<OwnToken>('/token', { token_id: 'string' })).body.token_id
}

type Place = { name: string; reserved: Reserved }

/** @param isOfProfile whether the new secret replaces that of the profile. Null: it goes to stdout. */
function takePlace({ settings }: Session, isOfProfile: boolean, input: Input, { env }: Context): Place | null {
  const save = input.text('save')
  if (save !== undefined) return { name: save, reserved: reserveProfile(save, env, { replace: false }) }
  const { profile } = settings
  // A token from the environment is no reason to write into a profile.
  if (profile === undefined || env['SWITCHYARD_TOKEN'] || !isOfProfile) return null
  return { name: profile, reserved: reserveProfile(profile, env, { replace: true }) }
}

type Replaced = {
  stash: Session
  place: Place | null
  holder: string
  end: string
  body: TokenRotated | TokenReplaced
}

function replySecret(
  { stash, place, holder, end, body }: Replaced,
  input: Input,
  env: Context['env'],
  print: Context['print'],
): Exit {
  const { token: secret, ...rest } = body
  const { master_token: _, ...facts } = { master_token: '', ...rest }
  const { url, stash: stash_id, profile } = stash.settings
  if (place !== null) {
    const known: Profile = (profile === undefined ? null : readProfile(profile, env)?.profile) ?? { url, stash_id }
    keepSecret(print, place.reserved, { ...known, url, stash_id, token: secret, token_label: holder })
  }
  const isShown = place === null || input.isSet('show-token')
  const document = { stash: stash.label, ...facts, ...(isShown ? { token: secret } : { profile: place.name }) }
  print.data(document, [body.token_id], () => {
    if (isShown) print.line(secret)
  })
  const what = holder === 'master' ? 'new master token' : `new token for ${holder}`
  const where = place === null ? 'it is shown this once.' : `it is kept in the profile "${place.name}".`
  print.say(`${stash.label}: ${what}: ${where} ${end}`)
  return EXIT.done
}
