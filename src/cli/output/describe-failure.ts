/** Describes a failure: the text on stderr, and the exit code. An operator reads it at night: it says what to do. */
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { ChangeFailed } from '../api/change-failed.ts'
import { Declined, EXIT, Misuse, type Exit } from '../exit.ts'
import { NotKept } from '../config/keep-secret.ts'
import { describeRefusal } from './refusal-texts.ts'

export type Failed = { exit: Exit; code: string; words: string; facts: Record<string, unknown> }

export function describeFailure(fault: unknown): Failed {
  if (fault instanceof Misuse) return { exit: EXIT.misused, code: 'misused', words: fault.message, facts: {} }
  if (fault instanceof Declined)
    return { exit: EXIT.refused, code: fault.code, words: fault.message, facts: fault.facts }
  if (fault instanceof RefusedError) {
    const exit = isOutage(fault) ? EXIT.unknown : EXIT.refused
    return { exit, code: fault.code, words: describeRefusal(fault), facts: fault.facts }
  }
  if (fault instanceof ChangeFailed) return failedChange(fault)
  if (fault instanceof NotKept) return { exit: EXIT.unknown, code: 'not_kept', words: fault.message, facts: {} }
  if (fault instanceof NoAnswerError) {
    return { exit: EXIT.unknown, code: 'unreachable', words: describeOutage(fault), facts: {} }
  }
  // A bug of ours, or an answer that is not quite the contract's. It may have come after a change.
  const words = `Something unexpected: ${String(fault)}. What was done is not known.`
  return { exit: EXIT.unknown, code: 'unexpected', words: words.replaceAll(/\s+/g, ' '), facts: {} }
}

function failedChange({ applied, advice, cause }: ChangeFailed): Failed {
  // A repeat that was refused after a try without an answer.
  const repeat = cause instanceof NoAnswerError && cause.cause instanceof RefusedError ? cause.cause : null
  const refusal = cause instanceof RefusedError ? cause : repeat
  const words = refusal === null ? describeOutage(cause) : describeRefusal(refusal)
  return {
    exit: refusal !== null && applied === 'no' && !isOutage(refusal) ? EXIT.refused : EXIT.unknown,
    code: refusal?.code ?? 'unreachable',
    words: `${words} ${repeat === null ? '' : EARLIER_TRY}${advice}`.trim(),
    facts: { ...refusal?.facts, applied },
  }
}

const EARLIER_TRY = 'That was the answer to a repeat; an earlier try may have counted. '

/** The service could not decide the request. A 501 is a refusal. */
const isOutage = ({ status }: RefusedError): boolean => status >= 500 && status !== 501

const CAUSE_TEXTS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up; is there a network?',
  ECONNRESET: 'the connection broke off',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no network',
  EPROTO: 'it does not speak TLS; is it http and not https?',
}

function describeOutage({ message, cause }: Error): string {
  const because = describeCause(cause)
  return because === '' ? message : `${message.replace(/\.$/, '')}: ${because}.`
}

/** Node nests errors; the code of the innermost one says what happened. */
function describeCause(cause: unknown): string {
  let innermost = cause
  for (let depth = 0; depth < 5 && innermost instanceof Error && innermost.cause instanceof Error; depth++) {
    innermost = innermost.cause
  }
  if (!(innermost instanceof Error) || innermost.name === 'AbortError') return ''
  const code = 'code' in innermost ? String(innermost.code) : ''
  // `hasOwn`, because a code comes from outside: "constructor" would find a function.
  return (Object.hasOwn(CAUSE_TEXTS, code) ? CAUSE_TEXTS[code] : undefined) ?? (innermost.message || code)
}
