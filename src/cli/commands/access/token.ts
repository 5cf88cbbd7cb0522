/** `token`: who else may act at the stash. A secret goes to stdout or into a profile, never both unasked. */
import type { TokenCreated, TokenList, TokenRotated } from '../../api/answer-types.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import type { Input } from '../../input/input.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { bold, dim, type Piece } from '../../output/print.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import { reserveProfile } from '../../config/profile-file.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { performChange } from '../../change/perform-change.ts'

export const token: Command = {
  usage: 'list | create <label> --can write [limits] | revoke <token id> | rotate [--overlap 1h]',
  takes: [0, 2],
  examples: [['switchyard token list', 'all tokens']],
  options: {
    can: { takes: '<a,b>', means: 'of write, approve, guard, freeze, break_glass, tokens' },
    keys: { takes: '<pattern,…>', means: 'of keys: maintenance-*; else all' },
    'expires-in': { takes: '<90d>', means: 'else as long as your own' },
    save: { takes: '<profile>', means: 'into a new profile instead of on stdout' },
    overlap: { takes: '<1h>', means: 'how long the old master token goes on working; else not at all' },
    'show-token': { means: 'of rotate: print the new token as well' },
    ...(WRITE['reason'] && { reason: WRITE['reason'] }),
  },
  notes: 'A token is shown once. rotate puts the new master token into the profile that the old one is from.',
  run(input, context) {
    const [verb = 'list', name] = input.args
    if (verb === 'list' && name === undefined) return listTokens(context)
    if (verb === 'create' && name !== undefined) return createToken(name, input, context)
    if (verb === 'revoke' && name !== undefined) return revokeToken(name, input, context)
    if (verb === 'rotate' && name === undefined) return rotateToken(input, context)
    throw new Misuse(`Usage: switchyard token ${token.usage}`)
  },
}

const LOST_TOKEN =
  'A token may have been made that nobody has: look at "switchyard token list", and revoke it before you try again.'
const LOST_MASTER =
  'The master token may be another one now, which nobody has: see whether yours still works ("switchyard token list"). With --overlap the old one goes on working for a while.'

const SECRET = { token_id: 'string', token: 'string' } as const

async function listTokens({ print, session }: Context): Promise<Exit> {
  const { body } = await session().read<TokenList>('/tokens', { tokens: 'list' })
  if (print.json) print.document(body)
  else {
    print.table(
      body.tokens.map((one): Piece[] => [
        one.token_id,
        bold(one.label),
        one.master ? 'everything' : `${one.can.join(',')} of ${one.keys.join(',')}`,
        dim(
          `${one.expires_at === null ? 'no end' : `until ${one.expires_at}`}, last used ${one.last_used_at ?? 'never'}`,
        ),
      ]),
    )
  }
  return EXIT.done
}

async function createToken(label: string, input: Input, { print, env, session }: Context): Promise<Exit> {
  const can = input.text('can')?.split(',')
  if (can === undefined) throw new Misuse('What can it do? --can write, or several with commas between them.')
  const stash = session()
  const save = input.text('save')
  const place = save === undefined ? null : reserveProfile(save, env, { replace: false })
  const spec = { label, can, keys: input.text('keys')?.split(','), expires_in: input.text('expires-in') }
  const { body } = await stash
    .sendOnce<TokenCreated>(stash.path('/tokens'), { ...toReasonCall(input), body: spec }, SECRET, LOST_TOKEN)
    .catch((fault: unknown) => {
      place?.release()
      throw fault
    })
  const { token: secret, ...facts } = body
  if (place) keepSecret(print, place, { url: stash.settings.url, stash_id: stash.settings.stash, token: secret })
  if (print.json) print.document(place === null ? body : { ...facts, profile: save })
  else if (place === null) print.line(secret)
  print.say(
    `Token ${body.token_id} for ${label}${place === null ? ': it is shown this once.' : ` is kept in the profile "${save}".`}`,
  )
  return EXIT.done
}

async function revokeToken(id: string, input: Input, { print, session }: Context): Promise<Exit> {
  const stash = session()
  return performChange(print, stash, input, {
    method: 'DELETE',
    path: stash.path(`/tokens/${encodeURIComponent(id)}`),
    call: toReasonCall(input),
    action: `Revoke ${id}`,
    consequence: `${id} can do nothing any more.`,
  })
}

async function rotateToken(input: Input, { print, env, session }: Context): Promise<Exit> {
  const stash = session()
  const { profile, url, stash: stash_id } = stash.settings
  // Someone else's token in the environment is no reason to write into a profile.
  const isKept = profile !== undefined && !env['SWITCHYARD_TOKEN']
  const place = isKept ? reserveProfile(profile, env, { replace: true }) : null
  const spec = { overlap: input.text('overlap') }
  const { body } = await stash
    .sendOnce<TokenRotated>(stash.path('/tokens/rotate'), { ...toReasonCall(input), body: spec }, SECRET, LOST_MASTER)
    .catch((fault: unknown) => {
      place?.release()
      throw fault
    })
  const { token: secret, master_token: _, ...facts } = body
  if (place) keepSecret(print, place, { url, stash_id, token: secret })
  const isShown = place === null || input.isSet('show-token')
  if (print.json) print.document({ ...facts, ...(isShown ? { token: secret } : { profile }) })
  else if (isShown) print.line(secret)
  print.say(
    `New master token${place === null ? ': it is shown this once.' : `, kept in the profile "${profile}".`} The old one works until ${body.old_token_until}.`,
  )
  return EXIT.done
}
