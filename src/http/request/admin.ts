/**
 * Authenticates the admin token: the secret ADMIN_TOKEN of the deployment, held by its operator. It can create, delete, freeze
 * and unfreeze stashes, and replace their master tokens. It is compared only here; the stash gets the credential `admin`, which
 * no request can carry. Attempts are limited BEFORE the comparison, so that past the limit a right guess looks like a wrong one.
 */
import { ok, refuse, type Refusal, type Result } from '../../model/refusal.ts'
import { TOKEN_PREFIX } from '../../model/access/token.ts'
import { checkAttemptLimit, problemResponseCountingFailures } from '../rate-limit.ts'
import { parseBearer, isSameSecret } from './credential.ts'
import { logNotice } from '../log.ts'
import { isDryRun } from './parse.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { write } from './write.ts'

type Settings = Pick<App['Bindings'], 'ADMIN_TOKEN' | 'OPEN_CREATION' | 'FAILED_LOGINS'>

/** A person chooses the token, so its length is the only protection against guessing that can be checked here. */
const ADMIN_TOKEN_MIN_CHARS = 24

/** The rule for new stashes: they take the admin token, take no token, or are refused. */
export type CreationPolicy = 'admin_token' | 'open' | 'closed'

export function getCreationPolicy(settings: Settings): CreationPolicy {
  if (getAdminToken(settings) !== null) return 'admin_token'
  return settings.OPEN_CREATION === 'yes' ? 'open' : 'closed'
}

/** Returns a refusal if this request may not create a stash. */
export async function checkCreationAllowed(request: Request, settings: Settings): Promise<Refusal | null> {
  switch (getCreationPolicy(settings)) {
    case 'open':
      logNoticeOnce(
        'Anyone can create stashes here, because ADMIN_TOKEN is not set and OPEN_CREATION is "yes". Set ADMIN_TOKEN to prevent it.',
      )
      return null
    case 'closed':
      return { code: 'creation_closed' }
    case 'admin_token': {
      const bearer = parseBearer(request)
      if (!bearer.ok) return bearer.refusal
      const admin = await isAdmin(request, bearer.value, settings)
      if (!admin.ok) return admin.refusal
      return admin.value ? null : { code: 'invalid_token' }
    }
  }
}

/** Returns a refusal unless the bearer token is the admin token. For routes that are about no single stash. */
export async function checkAdmin(request: Request, settings: Settings): Promise<Refusal | null> {
  const bearer = parseBearer(request)
  if (!bearer.ok) return bearer.refusal
  if (getAdminToken(settings) === null || bearer.value.startsWith(TOKEN_PREFIX)) {
    return { code: 'not_permitted', needs: 'admin' }
  }
  const admin = await isAdmin(request, bearer.value, settings)
  if (!admin.ok) return admin.refusal
  return admin.value ? null : { code: 'invalid_token' }
}

/** Makes a write that takes a token of the stash or the admin token. */
export async function writeAsTokenOrAdmin(c: Ctx, spec: Parameters<typeof write>[1]): Promise<Response> {
  const scope = toWriteScope(c)
  const bearer = parseBearer(scope.request)
  const admin = bearer.ok ? await isAdmin(scope.request, bearer.value, c.env) : ok(false)
  if (!admin.ok) return problemResponseCountingFailures(scope.request, scope.logins, admin.refusal)
  // The history of a deleted stash is deleted with it: then only this log line says that the admin did it.
  if (admin.value) {
    const { method, url } = scope.request
    logNotice('admin', `${method} ${new URL(url).pathname}${isDryRun(scope.request) ? ', a dry run' : ''}`)
  }
  return write({ ...scope, ...(admin.value && { credential: { kind: 'admin' } }) }, spec)
}

/**
 * Whether the bearer token is the admin token. A token of a stash is recognised by its prefix and not compared, because such
 * requests must not use up the attempts.
 */
async function isAdmin(request: Request, bearer: string, settings: Settings): Promise<Result<boolean>> {
  const adminToken = getAdminToken(settings)
  if (adminToken === null || bearer.startsWith(TOKEN_PREFIX)) return ok(false)
  const limited = await checkAttemptLimit(request, settings.FAILED_LOGINS, 'admin')
  return limited === null ? ok(await isSameSecret(bearer, adminToken)) : refuse(limited)
}

/** Null if ADMIN_TOKEN is not set, or is not fit to be an admin token. */
function getAdminToken({ ADMIN_TOKEN = '' }: Settings): string | null {
  // A secret that comes from a file or a shell often ends with a line end, which no header can carry.
  const token = ADMIN_TOKEN.trim()
  if (token === '') return null
  if (token.length >= ADMIN_TOKEN_MIN_CHARS && !token.startsWith(TOKEN_PREFIX) && !/\s/.test(token)) return token
  logNoticeOnce(
    `ADMIN_TOKEN is ignored: set one with at least ${ADMIN_TOKEN_MIN_CHARS} characters, without blanks, that does not begin with "${TOKEN_PREFIX}".`,
    'error',
  )
  return null
}

const noted = new Set<string>()

/** Logs a notice once per isolate. */
function logNoticeOnce(message: string, level: 'info' | 'error' = 'info'): void {
  if (noted.has(message)) return
  noted.add(message)
  logNotice('settings', message, level)
}
