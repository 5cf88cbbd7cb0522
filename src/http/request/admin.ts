/**
 * The admin token: the secret ADMIN_TOKEN of the deployment, held by its operator. It creates stashes, and of every
 * stash it can delete, freeze and recover it, and nothing else. It is compared here and nowhere else: what goes to the
 * stash is the credential `admin`, which no request can carry. Attempts are limited BEFORE the comparison, so that
 * past the limit a right guess looks like a wrong one.
 */
import { ok, refuse, type Refusal, type Result } from '../../model/refusal.ts'
import { TOKEN_PREFIX } from '../../model/access/token.ts'
import { checkAttemptLimit, problemResponseCountingFailures } from '../rate-limit.ts'
import { parseBearer, isSameSecret } from './credential.ts'
import { logNotice } from '../log.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { write } from './write.ts'

type Settings = Pick<App['Bindings'], 'ADMIN_TOKEN' | 'OPEN_CREATION' | 'FAILED_LOGINS'>

/** A person chooses it, so its length is the only thing that says it cannot be guessed. */
const ADMIN_TOKEN_MIN_CHARS = 24

/** Who may create stashes here. */
export type CreationPolicy = 'admin_token' | 'open' | 'closed'

export function getCreationPolicy(settings: Settings): CreationPolicy {
  if (getAdminToken(settings) !== null) return 'admin_token'
  return settings.OPEN_CREATION === 'yes' ? 'open' : 'closed'
}

/** Null where this request may create a stash. */
export async function checkCreationAllowed(request: Request, settings: Settings): Promise<Refusal | null> {
  switch (getCreationPolicy(settings)) {
    case 'open':
      logNoticeOnce('anyone may create stashes: no ADMIN_TOKEN is set, and OPEN_CREATION is "yes"')
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

/** A write that the admin may make as well as a token of the stash. */
export async function writeAsTokenOrAdmin(c: Ctx, spec: Parameters<typeof write>[1]): Promise<Response> {
  const scope = toWriteScope(c)
  const bearer = parseBearer(scope.request)
  const admin = bearer.ok ? await isAdmin(scope.request, bearer.value, c.env) : ok(false)
  if (!admin.ok) return problemResponseCountingFailures(scope.request, scope.logins, admin.refusal)
  // The history of a stash that is deleted goes with it: then this line is the record.
  if (admin.value) logNotice('admin', `${scope.request.method} ${new URL(scope.request.url).pathname}`)
  return write({ ...scope, ...(admin.value && { credential: { kind: 'admin' } }) }, spec)
}

/** A stash's own tokens are never compared with it: they come by the thousand, and must not use up the attempts. */
async function isAdmin(request: Request, bearer: string, settings: Settings): Promise<Result<boolean>> {
  const adminToken = getAdminToken(settings)
  if (adminToken === null || bearer.startsWith(TOKEN_PREFIX)) return ok(false)
  const limited = await checkAttemptLimit(request, settings.FAILED_LOGINS, 'admin')
  return limited === null ? ok(await isSameSecret(bearer, adminToken)) : refuse(limited)
}

/** Null where ADMIN_TOKEN is not set, or cannot be an admin token. */
function getAdminToken({ ADMIN_TOKEN = '' }: Settings): string | null {
  // A file or a shell often adds a line end, which no header can carry.
  const token = ADMIN_TOKEN.trim()
  if (token === '') return null
  if (token.length >= ADMIN_TOKEN_MIN_CHARS && !token.startsWith(TOKEN_PREFIX) && !/\s/.test(token)) return token
  logNoticeOnce(
    `ADMIN_TOKEN counts as not set: it takes ${ADMIN_TOKEN_MIN_CHARS} characters, no blanks, and not "${TOKEN_PREFIX}" first`,
    'error',
  )
  return null
}

const noted = new Set<string>()

/** Once in each isolate. */
function logNoticeOnce(message: string, level: 'info' | 'error' = 'info'): void {
  if (noted.has(message)) return
  noted.add(message)
  logNotice('settings', message, level)
}
