/**
 * `login`: keeps a token for a stash that exists. The service is asked about the token first, and a wrong one is not stored.
 * The token comes from the terminal, from stdin or from the environment, and is never an argument.
 */
import type { OwnToken, StashFacts } from '../../api/answer-types.ts'
import { Session } from '../../api/session.ts'
import type { Command, Context } from '../../command.ts'
import { keepSecret } from '../../config/keep-secret.ts'
import {
  fileOf,
  listProfiles,
  readProfile,
  reserveProfile,
  writeCurrent,
  type Profile,
} from '../../config/profile-file.ts'
import { checkToken, checkUrl, describeMissing, profileName, toSettings } from '../../config/settings.ts'
import { parseAddress, type Address } from '../../config/stash-address.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { askSecret } from '../../input/ask-secret.ts'
import type { Input } from '../../input/input.ts'
import { readStdin } from '../../input/stdin.ts'
import { paint } from '../../output/print.ts'
import { describeOwn, toLabel } from './describe-token.ts'

export const login: Command = {
  usage: '[--url <url>] [--stash <slug or id>]',
  takes: [0, 0],
  options: {
    url: { takes: '<url>', means: 'where: https://flags.example/api, or a link to the dashboard' },
    stash: { takes: '<slug or id>', means: 'which stash (SWITCHYARD_STASH)' },
    'with-token': { means: 'read the token from stdin' },
    force: { means: 'replace a profile of another stash' },
    protect: { means: 'ask before each change with this profile' },
  },
  examples: [
    ['switchyard login -p prod --url "https://flags.example/#/s/prod-7f3k"', 'with the address of the dashboard'],
    ['switchyard login', 'another token for the stash of the current profile'],
    ['switchyard login -p ci --url https://flags.example/api --stash prod-7f3k --with-token < token', 'without asking'],
  ],
  notes: 'It asks for the token, or takes SWITCHYARD_TOKEN. Neither argument nor output ever has a token in it.',
  run: (input, context) => keepLogin(input, context, { isTokenNeeded: true }),
}

/** @param isTokenNeeded false: without a token the address alone is kept, and reads work */
export async function keepLogin(
  input: Input,
  context: Context,
  { isTokenNeeded }: { isTokenNeeded: boolean },
): Promise<Exit> {
  const { print, env, profile: asked } = context
  const name = profileName(asked, env)
  const isFirst = listProfiles(env).length === 0
  const known = input.isSet('force') ? null : (readProfile(name, env)?.profile ?? null)
  const { url, stash } = findAddress(input, context, name, known)
  const token = await readToken(input, env['SWITCHYARD_TOKEN'], `${name}: token for ${stash} at ${url}:`, isTokenNeeded)
  const settings = { url, stash, token, profile: name, label: name, isProtected: false, warning: undefined }
  const session = new Session(settings)
  const own =
    token === undefined
      ? null
      : (await session.read<OwnToken>('/token', { token_id: 'string', label: 'string', can: 'list', keys: 'list' }))
          .body
  const { body: facts } = await session.readPublic<StashFacts>('', { stash_id: 'string' })
  if (known !== null && known.stash_id !== facts.stash_id && known.stash_id !== facts.slug)
    throw otherStash(name, known)
  const profile: Profile = {
    url,
    stash_id: facts.stash_id,
    ...(token !== undefined && own !== null && { token, token_label: toLabel(own) }),
    ...(facts.slug && { slug: facts.slug }),
    ...(facts.name && { name: facts.name }),
    ...((input.isSet('protect') || known?.protected === true) && { protected: true }),
  }
  keepSecret(print, reserveProfile(name, env, { replace: true }), profile)
  if (isFirst) writeCurrent(name, env)
  const file = fileOf(name, env)
  const { label } = toSettings(name, { profile, file, open: false }, {})
  const { token: _, ...shown } = profile
  print.data({ stash: label, profile: name, file, ...shown, token: own }, [name], () => {})
  print.say(`${label}: ${own === null ? 'reads need no token; changes do: "switchyard login"' : describeOwn(own)}`)
  if (isOpen(url)) print.warn(paint('yellow', 'The URL is plain http: others on the network can read the token.'))
  return EXIT.done
}

function findAddress(
  input: Input,
  { env, profile: asked }: Context,
  name: string,
  known: Profile | null,
): Required<Address> {
  const typed = parseAddress({ url: input.text('url'), stash: input.text('stash') })
  if (known !== null) {
    const isOther = (typed.url ?? known.url) !== checkUrl(known.url)
    if (isOther) throw otherStash(name, known)
    return { url: known.url, stash: typed.stash ?? known.stash_id }
  }
  const fromEnv = parseAddress({ url: env['SWITCHYARD_URL'] || undefined, stash: env['SWITCHYARD_STASH'] || undefined })
  const { url, stash } = { ...fromEnv, ...typed }
  if (url === undefined && stash === undefined && asked !== undefined && listProfiles(env).length > 0)
    throw new Misuse(`${describeMissing(name, true, env)} For a new one: --url <url> --stash <slug or id>.`)
  if (url === undefined) throw new Misuse('Where? --url https://flags.example/api, or the address of the dashboard.')
  if (stash === undefined)
    throw new Misuse('Which stash? --stash <slug or id>, or the address of its dashboard as --url.')
  return { url, stash }
}

const otherStash = (name: string, { url, slug, stash_id: id }: Profile): Misuse =>
  new Misuse(
    `The profile "${name}" is of another stash (${slug ?? id.slice(0, 8)} at ${url}), and may hold the only copy of a token. --profile <name> keeps both; --force replaces it.`,
  )

async function readToken(
  input: Input,
  fromEnv: string | undefined,
  question: string,
  isNeeded: boolean,
): Promise<string | undefined> {
  if (input.isSet('with-token')) return demandToken((await readStdin()).trim())
  if (fromEnv || !isNeeded) return checkToken(fromEnv)
  const unasked =
    'There is no terminal to ask for the token on: --with-token reads it from stdin, or set SWITCHYARD_TOKEN.'
  return demandToken((await askSecret(question, unasked)).trim())
}

function demandToken(text: string): string {
  const token = checkToken(text)
  if (token === undefined) throw new Misuse('No token was given. Nothing was stored.')
  return token
}

/** Whether the token would travel unencrypted. */
export const isOpen = (url: string): boolean =>
  url.startsWith('http:') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(url)
