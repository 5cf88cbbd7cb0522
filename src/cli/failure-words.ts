/** What a failed command says, and the code that it ends with. Words are for a person at three in the morning. */
import { Failure, Refused } from '../client/call.ts'
import { ChangeFailed } from './change-failed.ts'
import { EXIT, Misuse, type Exit } from './exit.ts'
import { NotKept } from './keep-secret.ts'
import { NO_TOKEN } from './session.ts'

export type Failed = { exit: Exit; code: string; words: string; facts: Record<string, unknown> }

export function wordFailure(fault: unknown): Failed {
  if (fault instanceof Misuse) return { exit: EXIT.misused, code: 'misused', words: fault.message, facts: {} }
  if (fault instanceof Refused) {
    const exit = isOutage(fault) ? EXIT.unknown : EXIT.refused
    return { exit, code: fault.code, words: wordRefusal(fault), facts: fault.facts }
  }
  if (fault instanceof ChangeFailed) return failedChange(fault)
  if (fault instanceof NotKept) return { exit: EXIT.unknown, code: 'not_kept', words: fault.message, facts: {} }
  if (fault instanceof Failure) {
    return { exit: EXIT.unknown, code: 'unreachable', words: wordOutage(fault), facts: {} }
  }
  // A mistake of ours, or an answer that is only nearly Switchyard's. It may stand after a change.
  const words = `Something unexpected: ${String(fault)}. What was done is not known.`
  return { exit: EXIT.unknown, code: 'unexpected', words: words.replaceAll(/\s+/g, ' '), facts: {} }
}

function failedChange(fault: ChangeFailed): Failed {
  const { applied, advice, cause } = fault
  const words = cause instanceof Refused ? wordRefusal(cause) : wordOutage(fault)
  const code = cause instanceof Refused ? cause.code : 'unreachable'
  return {
    exit: EXIT.unknown,
    code,
    words: `${words} ${advice}`.trim(),
    facts: { ...(cause instanceof Refused && cause.facts), applied },
  }
}

/** Refusals that say nothing of what was asked for: the service could not look. */
const isOutage = ({ status }: Refused): boolean => status >= 500 && status !== 501

/** Where the service speaks of headers and routes, in the words of this program. */
const OURS: Record<string, string> = {
  token_missing: NO_TOKEN,
  item_not_found: 'There is no such flag: nothing is stored under that key.',
  stash_not_found: 'There is no such stash there: it never existed, was deleted, or the URL is of another service.',
  route_not_found: 'Whatever answers there is no Switchyard, or a path is missing from the URL: /api.',
  own_request: 'It takes a second person: whoever asked for a change cannot approve it.',
  link_spent: 'The link is of no use: it was used, has expired, or never existed.',
}

/** The service adds since when, and what to do. */
const ENDED: Record<string, string> = {
  token_expired: 'The token has expired.',
  token_revoked: 'The token was revoked or replaced.',
}

function wordRefusal({ code, status, message, detail, facts }: Refused): string {
  const own = wordFrom(OURS, code)
  if (own !== undefined) return own
  const ended = wordFrom(ENDED, code)
  if (ended !== undefined) return `${ended} ${detail || 'Ask whoever made it for another one.'}`
  if (code === 'frozen') return message.replace('send the header "Break-Glass: <reason>"', 'say --break-glass <why>')
  if (code === 'reason_required') return `A reason is needed for "${String(facts['key'])}": --reason <why>.`
  if (code === 'time_box_required') return message.replaceAll('?for=', '--for ')
  if (code.startsWith('http_')) return `The answer was ${status}, and not one of Switchyard's. Is the URL right?`
  return message
    .replaceAll('DELETE it, and ask anew', 'Drop it, and ask anew')
    .replaceAll('DELETE cancels it', '"drop" cancels it')
}

/** A code is somebody else's text: "constructor" is no word of ours. */
const wordFrom = (words: Record<string, string>, code: string): string | undefined =>
  Object.hasOwn(words, code) ? words[code] : undefined

const CAUSES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up; is there a network?',
  ECONNRESET: 'the connection broke off',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no network',
  EPROTO: 'it does not speak TLS; is it http and not https?',
}

function wordOutage({ message, cause }: Failure): string {
  const because = wordCause(cause)
  return because === '' ? message : `${message.replace(/\.$/, '')}: ${because}.`
}

/** Node's errors lie in each other; the innermost code says what happened. */
function wordCause(cause: unknown): string {
  let innermost = cause
  for (let depth = 0; depth < 5 && innermost instanceof Error && innermost.cause instanceof Error; depth++) {
    innermost = innermost.cause
  }
  if (!(innermost instanceof Error) || innermost.name === 'AbortError') return ''
  const code = 'code' in innermost ? String(innermost.code) : ''
  return wordFrom(CAUSES, code) ?? (innermost.message || code)
}
