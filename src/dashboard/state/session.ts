/** Requests to one stash with one token. */
import type { Reply } from '../../client/requests/call.ts'
import { callApi, isTokenEnded } from '../api/call.ts'
import { API } from '../api/connection.ts'

/**
 * The stash and the token at one moment. A dialog keeps its session, so its requests go there whatever the page shows by then.
 */
export type Session = {
  id: string
  token: string | null
  /** The path of a route of the stash: `/held` gives `/stash/<id>/held`. */
  path(route: string): string
  /** Like `callApi`, with the token. If that has ended, the page gives it up and becomes read-only. */
  call<Body>(method: string, path: string, options?: Parameters<typeof callApi>[3]): Promise<Reply<Body>>
  /** Whether the page still uses this token for the stash: otherwise answers of the session are not for it. */
  isCurrent(): boolean
}

/** @param host the stash, whose token may be another one later */
export function createSession(host: SessionHost): Session {
  const { id, token } = host
  const target = token === null ? API : { ...API, token }
  const isCurrent = (): boolean => host.token === token
  return {
    id,
    token,
    path: (route) => `/stash/${id}${route}`,
    isCurrent,
    async call(method, path, options) {
      try {
        return await callApi(target, method, path, options)
      } catch (error) {
        if (isTokenEnded(error) && token !== null && isCurrent()) host.onTokenEnd(describeEnd(error.code))
        throw error
      }
    },
  }
}

type SessionHost = {
  readonly id: string
  readonly token: string | null
  /** The service has said that the token no longer counts. */
  onTokenEnd(why: string): void
}

function describeEnd(code: string): string {
  if (code === 'token_expired') return 'Your token has expired.'
  if (code === 'token_revoked') return 'Your token was revoked or replaced.'
  return 'Your token is no longer valid: it was revoked, has expired, or is for another stash.'
}
