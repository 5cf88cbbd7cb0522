/** Describes a failure: the text on stderr, and the exit code. An operator reads it at night: it says what to do. */
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { ChangeFailed } from '../api/change-failed.ts'
import { Declined, EXIT, Misuse, type Exit } from '../exit.ts'
import { NotKept } from '../config/keep-secret.ts'
import { NO_TOKEN } from '../api/session.ts'

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

/** Texts for codes whose own text names headers and routes: these name commands and options. */
const CLI_TEXTS: Record<string, string> = {
  token_missing: NO_TOKEN,
  item_not_found: 'There is no such flag: nothing is stored under that key.',
  stash_not_found: 'There is no such stash there: it never existed, was deleted, or the URL is of another service.',
  route_not_found: 'That server is not Switchyard, or the URL lacks a path: /api.',
  own_request: 'It takes a second person: whoever asked for a change cannot approve it.',
  link_spent: 'The link is of no use: it was used, has expired, or never existed.',
}

/** The service's detail says since when, and what to do. */
const ENDED_TEXTS: Record<string, string> = {
  token_expired: 'The token has expired.',
  token_revoked: 'The token was revoked or replaced.',
}

function describeRefusal({ code, status, message, detail, facts }: RefusedError): string {
  const own = getText(CLI_TEXTS, code)
  if (own !== undefined) return own
  const ended = getText(ENDED_TEXTS, code)
  if (ended !== undefined) return `${ended} ${detail || 'Ask whoever made it for another one.'}`
  if (code === 'frozen') return message.replace('send the header "Break-Glass: <reason>"', 'say --break-glass <why>')
  if (code === 'reason_required') return `A reason is needed for "${String(facts['key'])}": --reason <why>.`
  if (code === 'time_box_required') return message.replaceAll('?for=', '--for ')
  if (code.startsWith('http_')) return `The answer was ${status}, and not one of Switchyard's. Is the URL right?`
  return message
    .replaceAll('DELETE it, and ask anew', 'Drop it, and ask anew')
    .replaceAll('DELETE cancels it', '"drop" cancels it')
}

/** `hasOwn`, because a code comes from outside: "constructor" would find a function. */
const getText = (words: Record<string, string>, code: string): string | undefined =>
  Object.hasOwn(words, code) ? words[code] : undefined

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
  return getText(CAUSE_TEXTS, code) ?? (innermost.message || code)
}
