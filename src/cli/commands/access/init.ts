/**
 * `init`: a new stash, or one that exists, kept in a profile. The place for the token is taken before the token is made,
 * because it is shown once; and it is not printed unless that is asked for.
 */
import { call, notSwitchyardMessage } from '../../../client/requests/call.ts'
import { NoAnswerError, RefusedError } from '../../../client/requests/errors.ts'
import { nodeFetch } from '../../api/node-fetch.ts'
import type { StashCreated } from '../../api/answer-types.ts'
import { toChangeFailed } from '../../api/change-failed.ts'
import type { Command } from '../../command.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import { paint } from '../../output/print.ts'
import { reserveProfile, type Profile } from '../../config/profile-file.ts'
import { fits } from '../../api/shape.ts'
import { checkStash, checkToken, checkUrl, profileName } from '../../config/settings.ts'

export const init: Command = {
  usage: '[--url <url>] [--name <name>]',
  takes: [0, 0],
  examples: [['switchyard init --url https://flags.example/api', 'a new stash']],
  options: {
    url: { takes: '<url>', means: 'where: https://flags.example/api (SWITCHYARD_URL)' },
    name: { takes: '<name>', means: "the stash's name" },
    stash: { takes: '<id>', means: 'keep one that exists, with SWITCHYARD_TOKEN if that is set' },
    force: { means: 'put it in the place of a profile that is there' },
    'show-token': { means: 'print the token as well' },
  },
  notes: 'Where the deployment wants one, it takes the admin token from SWITCHYARD_ADMIN_TOKEN.',
  async run(input, { print, env, profile: asked }) {
    const given = input.text('url') ?? env['SWITCHYARD_URL']
    if (!given) throw new Misuse('Where? --url https://flags.example/api, or SWITCHYARD_URL.')
    const url = checkUrl(given)
    const id = input.text('stash')
    const known = id === undefined ? null : profileOf(url, checkStash(id), checkToken(env['SWITCHYARD_TOKEN']))
    const name = profileName(asked, env)
    const place = reserveProfile(name, env, { replace: input.isSet('force') })
    let profile: Profile
    try {
      profile = known ?? (await createStash(url, input.text('name'), env['SWITCHYARD_ADMIN_TOKEN']))
    } catch (fault) {
      place.release()
      throw fault
    }
    keepSecret(print, place, profile)
    const { token, ...shown } = profile
    const withToken = input.isSet('show-token') && token !== undefined
    if (print.json) print.document({ profile: name, file: place.file, ...shown, ...(withToken && { token }) })
    else if (withToken) print.line(token)
    print.say(`Stash ${profile.stash_id} is kept in the profile "${name}": ${place.file}`)
    if (isOpen(url)) print.say(paint('yellow', 'The URL is plain http: whoever is on the way can read the token.'))
    return EXIT.done
  },
}

const profileOf = (url: string, stash_id: string, token: string | undefined): Profile => ({
  url,
  stash_id,
  ...(token && { token }),
})

async function createStash(url: string, name: string | undefined, admin: string | undefined): Promise<Profile> {
  const token = checkToken(admin)
  const { body } = await call<StashCreated>({ url, fetch: nodeFetch, ...(token && { token }) }, 'POST', '/stash', {
    // What is undefined, JSON leaves out.
    body: { name },
  }).catch((fault: unknown) => {
    throw fault instanceof RefusedError && ADMIN.includes(fault.code)
      ? new RefusedError(fault.status, ADMIN_WANTED)
      : toChangeFailed(fault, LOST_STASH)
  })
  if (!fits(body, { stash_id: 'string', master_token: 'string' })) {
    throw toChangeFailed(new NoAnswerError(notSwitchyardMessage(url)), LOST_STASH)
  }
  return profileOf(url, body.stash_id, body.master_token)
}

const LOST_STASH = 'A stash may have been made that nobody has the token of: it does no harm, and holds nothing.'
const ADMIN = ['token_missing', 'invalid_token']
const ADMIN_WANTED = {
  code: 'admin_token_needed',
  title: 'This deployment lets only the holder of its admin token create stashes',
  detail: 'Set SWITCHYARD_ADMIN_TOKEN to it.',
}

const isOpen = (url: string): boolean => url.startsWith('http:') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(url)
