/** The two requests of a dialog: the change, and the same as a dry run, which changes nothing. */
import { useRef } from 'preact/hooks'
import type { Call, Reply } from '../../client/requests/call.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import type { ChangeReply, DryRun } from '../api/answer-types.ts'
import { REPEAT_MAX_MS } from '../api/outcome.ts'
import type { Session } from '../state/session.ts'

const SLEPT = {
  code: 'too_late',
  title: 'Nothing was changed',
  detail: 'Look at what it is now, then press the button again.',
}

type Headers = NonNullable<Call['headers']>

/**
 * @param toOptions is called when a request is sent
 * @param readHeaders gives headers that only the change itself has
 */
export function useRequests<Body extends ChangeReply = ChangeReply>(
  method: string,
  path: string,
  toOptions: () => Call,
  readHeaders?: () => Headers | Promise<Headers>,
) {
  const sent = useRef<{ key: string; options: Call }>({ key: '', options: {} })
  return {
    /**
     * @param key '': it is not repeated. With the same key as before it is the same request, whatever the form holds by now.
     */
    async send(key: string, signal: AbortSignal, session: Session): Promise<Reply<Body>> {
      if (key === '' || sent.current.key !== key) {
        const pressedAt = Date.now()
        const options = toOptions()
        const headers = { ...(await readHeaders?.()), ...options.headers, 'Idempotency-Key': key || undefined }
        // A laptop may have slept between those reads and the change.
        if (Date.now() - pressedAt > REPEAT_MAX_MS) throw new RefusedError(408, SLEPT)
        sent.current = { key, options: { ...options, headers } }
      }
      return session.call(method, path, { ...sent.current.options, signal })
    },
    async ask(signal: AbortSignal, session: Session): Promise<Reply<DryRun>> {
      const options = toOptions()
      return session.call(method, path, { ...options, query: { ...options.query, dry_run: 1 }, signal })
    },
  }
}
