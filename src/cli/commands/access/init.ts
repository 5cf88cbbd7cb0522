/**
 * `init`: a new stash, kept in a profile. The place for each token is taken before the token is made, because it is shown
 * once. With `--as`, a person works with a token of their own, and the master token lies in a second, protected profile.
 */
import { call, notSwitchyardMessage, type Reply } from '../../../client/requests/call.ts'
import { NoAnswerError, RefusedError } from '../../../client/requests/errors.ts'
import { ABILITIES } from '../../../model/access/ability.ts'
import type { DryRun, StashCreated, TokenCreated } from '../../api/answer-types.ts'
import { toChangeFailed } from '../../api/change-failed.ts'
import { nodeFetch } from '../../api/node-fetch.ts'
import { Session } from '../../api/session.ts'
import { fits } from '../../api/shape.ts'
import type { Command, Context } from '../../command.ts'
import type { Environment } from '../../config/environment.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import { listProfiles, reserveProfile, writeCurrent, type Profile } from '../../config/profile-file.ts'
import { checkToken, checkUrl, profileName, toSettings } from '../../config/settings.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import type { Input } from '../../input/input.ts'
import { paint } from '../../output/print.ts'
import { isOpen, keepLogin } from './login.ts'

export const init: Command = {
  usage: '[--url <url>] [--slug <slug>] [--name <name>] [--as <your name>]',
  takes: [0, 0],
  options: {
    url: { takes: '<url>', means: 'where: https://flags.example/api (SWITCHYARD_URL)' },
    slug: { takes: '<slug>', means: 'a short public name for the stash, for good: prod-7f3k' },
    name: { takes: '<name>', means: "the stash's name, for people" },
    description: { takes: '<text>', means: 'what it is for' },
    as: { takes: '<your name>', means: 'work with a token of your own, and keep the master token apart' },
    protect: { means: 'ask before each change with this profile' },
    'dry-run': { short: 'n', means: 'only show what would happen' },
    stash: { takes: '<slug or id>', means: 'keep one that exists: the same as "login"' },
    force: { means: 'replace a profile that is there' },
    'show-token': { means: 'print the token as well' },
  },
  examples: [
    ['switchyard init --url https://flags.example/api -p prod --slug prod-7f3k --as bob', 'a new stash'],
    ['switchyard init --url https://flags.example/api --dry-run', 'whether it would be created'],
  ],
  notes: 'If the service wants its admin token for a new stash, set SWITCHYARD_ADMIN_TOKEN.',
  async run(input, context) {
    const { print, env, profile: asked } = context
    if (input.text('stash') !== undefined) return keepLogin(input, context, { isTokenNeeded: false })
    const given = input.text('url') ?? env['SWITCHYARD_URL']
    if (!given) throw new Misuse('Where? --url https://flags.example/api, or SWITCHYARD_URL.')
    const url = checkUrl(given)
    const name = profileName(asked, env)
    if (input.isSet('dry-run')) return dryRun(url, name, input, context)
    const person = input.text('as')
    if (person !== undefined) await checkLabel(person)
    const isFirst = listProfiles(env).length === 0
    const replace = input.isSet('force')
    const place = reserveProfile(name, env, { replace })
    const masterName = `${name}-master`
    let masterPlace: typeof place | null = null
    let created: StashCreated
    try {
      masterPlace = person === undefined ? null : reserveProfile(masterName, env, { replace })
      created = await createStash(url, input, env)
    } catch (fault) {
      place.release()
      masterPlace?.release()
      throw fault
    }
    const title = input.text('name')
    const base: Profile = {
      url,
      stash_id: created.stash_id,
      ...(created.slug && { slug: created.slug }),
      ...(title && { name: title }),
    }
    const master: Profile = { ...base, token: created.master_token, token_label: 'master' }
    const isProtected = input.isSet('protect') && { protected: true }
    let profile: Profile = { ...master, ...isProtected }
    if (person !== undefined && masterPlace !== null) {
      keepSecret(print, masterPlace, { ...master, protected: true })
      const token = await grantOwn(master, person).catch((fault: unknown) => {
        place.release()
        print.warn(
          `The stash exists, and its master token is kept in the profile "${masterName}". The token for "${person}" was not made:`,
        )
        throw fault
      })
      profile = { ...base, token, token_label: person, ...isProtected }
    }
    keepSecret(print, place, profile)
    if (isFirst) writeCurrent(name, env)
    reply(name, { profile, file: place.file, masterName: masterPlace === null ? null : masterName }, input, context)
    return EXIT.done
  },
}

type Made = { profile: Profile; file: string; masterName: string | null }

function reply(name: string, { profile, file, masterName }: Made, input: Input, { print, env }: Context): void {
  const { token, ...shown } = profile
  const withToken = input.isSet('show-token') && token !== undefined
  const document = { profile: name, file, ...shown, ...(masterName && { master_profile: masterName }) }
  print.data(withToken ? { ...document, token } : document, [name], () => {
    if (withToken) print.line(token)
  })
  const { label } = toSettings(name, { profile, file, open: false }, {})
  print.say(`${label}: the stash ${profile.slug ?? profile.stash_id} is kept in the profile "${name}": ${file}`)
  if (masterName === null)
    print.say(
      'The profile holds the master token, and it is the only copy. A token of your own: "switchyard token create".',
    )
  else
    print.say(
      `You are ${profile.token_label ?? ''}. The master token is the only copy, and lies in the protected profile "${masterName}".`,
    )
  if (isOpen(profile.url))
    print.warn(paint('yellow', 'The URL is plain http: others on the network can read the token.'))
  const where = name === profileName(undefined, env) ? '' : ` -p ${name}`
  print.say('Next:')
  print.say(`  switchyard${where} open`)
  print.say(`  switchyard${where} set checkout.maintenance-mode false --create`)
  print.say(`  switchyard${where} token create alice --can write,approve --keys "checkout.*"`)
}

const toSpec = (input: Input) => ({
  // JSON leaves out undefined members.
  name: input.text('name'),
  slug: input.text('slug'),
  description: input.text('description'),
})

async function createStash(url: string, input: Input, env: Environment): Promise<StashCreated> {
  const { body } = await post<StashCreated>(url, env, toSpec(input)).catch((fault: unknown) => {
    throw isAdminWanted(fault) ? new RefusedError(fault.status, ADMIN_WANTED) : toChangeFailed(fault, LOST_STASH)
  })
  if (!fits(body, { stash_id: 'string', master_token: 'string' }))
    throw toChangeFailed(new NoAnswerError(notSwitchyardMessage(url)), LOST_STASH)
  return body
}

async function dryRun(url: string, name: string, input: Input, { print, env }: Context): Promise<Exit> {
  if (!input.isSet('force') && listProfiles(env).includes(name))
    throw new Misuse(`There is a profile "${name}" already: --profile <name>, or --force replaces it.`)
  const { body } = await post<DryRun>(url, env, toSpec(input), { dry_run: 1 }).catch((fault: unknown) => {
    throw isAdminWanted(fault) ? new RefusedError(fault.status, ADMIN_WANTED) : fault
  })
  if (!fits(body, { dry_run: 'boolean' })) throw new NoAnswerError(notSwitchyardMessage(url))
  print.data({ profile: name, url, ...body }, [name], () => {})
  print.say(`${name}: a stash would be created at ${url}. Nothing was changed: this was a dry run.`)
  return EXIT.done
}

function post<T>(url: string, env: Environment, body: object, query: Record<string, number> = {}): Promise<Reply<T>> {
  const token = checkToken(env['SWITCHYARD_ADMIN_TOKEN'])
  return call<T>({ url, fetch: nodeFetch, ...(token !== undefined && { token }) }, 'POST', '/stash', { query, body })
}

/** Refused before the stash is made: afterwards it would have no token but the master. */
async function checkLabel(person: string): Promise<void> {
  const { findLabelIssue } = await import('../../../model/access/label.ts')
  const issue = findLabelIssue(person) ?? (person.length > 100 ? 'a label has at most 100 characters' : null)
  if (issue !== null) throw new Misuse(`--as "${person}": ${issue}. Nothing was changed.`)
}

/** A token with all that a token can have. @returns its secret */
async function grantOwn(master: Profile, label: string): Promise<string> {
  const settings = toSettings('master', { profile: master, file: '', open: false }, {})
  const stash = new Session(settings)
  const { body } = await stash.sendOnce<TokenCreated>(
    stash.path('/tokens'),
    { body: { label, can: ABILITIES, keys: ['*'] } },
    { token: 'string' },
  )
  return body.token
}

const LOST_STASH = 'A stash may have been made whose token is lost: it does no harm, and holds nothing.'

const isAdminWanted = (fault: unknown): fault is RefusedError =>
  fault instanceof RefusedError && ['token_missing', 'invalid_token'].includes(fault.code)

const ADMIN_WANTED = {
  code: 'admin_token_needed',
  title: 'This service creates stashes only for the holder of its admin token',
  detail: 'Set SWITCHYARD_ADMIN_TOKEN to it.',
}
