/**
 * `status --all`: the status of every profile. All are asked at once, each with a bound in time, so that one stash that does not
 * answer hides none of the others. The exit code says if one did not.
 */
import { createKeepAliveFetch } from '../../../api/node-fetch.ts'
import { Session } from '../../../api/session.ts'
import type { FetchLike } from '../../../../client/requests/call.ts'
import type { Context } from '../../../command.ts'
import { EXIT, type Exit } from '../../../exit.ts'
import { describeFailure } from '../../../output/describe-failure.ts'
import { bold, dim, paint, type Piece, type Printer } from '../../../output/print.ts'
import { countApprovals, describeTotals, listNotNormal, toNotNormalRow } from './describe-status.ts'
import { listStashes, type ListedStash } from './list-stashes.ts'
import { readStatus, type StashStatus } from './read-status.ts'
import { findUnknown, selectStatus } from './select-status.ts'
import { toFlagMember } from './to-document.ts'

const TIME_LIMIT_MS = 5_000

type Asked = ListedStash & ({ status: StashStatus } | { failure: { code: string; message: string } })
type Answered = Extract<Asked, { status: StashStatus }>

/** @param names keys, patterns or services; none: every flag */
export async function showAll(
  { print, env }: Context,
  names: readonly string[],
  isForMonitors: boolean,
): Promise<Exit> {
  const stashes = listStashes(env, (warning) => print.warn(paint('yellow', warning)))
  const fetch = createKeepAliveFetch()
  const asked = await Promise.all(stashes.map((one) => ask(one, fetch)))
  const answered = asked.filter((one) => 'status' in one)
  demandKnown(answered, names)
  const shown = asked.map((one) => ('status' in one ? { ...one, status: selectStatus(one.status, names) } : one))
  const notNormal = shown.flatMap((one) =>
    'status' in one ? listNotNormal(one.status).map(({ key }) => `${one.name} ${key}`) : [],
  )
  print.data({ profiles: shown.map(toMember) }, notNormal, () => printAll(print, shown))
  if (answered.length < asked.length) {
    if (print.format !== 'table')
      for (const one of shown) if ('failure' in one) print.warn(paint('red', `${one.name}: ${one.failure.message}`))
    return EXIT.unknown
  }
  return isForMonitors && notNormal.length > 0 ? EXIT.differs : EXIT.done
}

async function ask(listed: ListedStash, fetch: FetchLike): Promise<Asked> {
  const { settings } = listed
  if ('problem' in settings) return { ...listed, failure: { code: 'misused', message: settings.problem } }
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), TIME_LIMIT_MS)
  try {
    const status = await readStatus(new Session(settings, { fetch, signal: ending.signal }), 'not normal')
    return { ...listed, status }
  } catch (fault) {
    const { code, words } = describeFailure(fault)
    const message = ending.signal.aborted ? `no answer within ${TIME_LIMIT_MS / 1_000} s` : words
    return { ...listed, failure: { code, message } }
  } finally {
    clearTimeout(timer)
    // Of requests that ran beside the one that failed.
    ending.abort()
  }
}

/** @throws {Declined} if a name is of no flag in any stash. Where one did not answer, that is not known. */
function demandKnown(answered: readonly Answered[], names: readonly string[]): void {
  for (const name of names) {
    const unknown = answered.map(({ settings, status }) =>
      'problem' in settings ? null : findUnknown(new Session(settings), status, [name]),
    )
    const [first] = unknown
    if (first && unknown.every((one) => one !== null)) throw first
  }
}

function printAll(print: Printer, shown: readonly Asked[]): void {
  print.table(shown.map((one): Piece[] => [bold(one.name), dim(describeAliases(one)), ...describeState(one)]))
  for (const one of shown) {
    if (!('status' in one) || listNotNormal(one.status).length === 0) continue
    print.line()
    print.line(bold(one.name), dim(one.status.facts.name === null ? '' : `  ${one.status.facts.name}`))
    print.table(listNotNormal(one.status).map(toNotNormalRow))
  }
}

const describeAliases = ({ also }: ListedStash): string => (also.length === 0 ? '' : `(also: ${also.join(', ')})`)

const describeState = (one: Asked): Piece[] =>
  'failure' in one
    ? [paint('red', `cannot be reached: ${one.failure.message}`)]
    : [joinPieces(describeTotals(one.status))]

/** One cell, in the colour of its first part. */
function joinPieces(pieces: readonly Piece[]): Piece {
  const texts = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.text))
  const [first] = pieces
  return paint(typeof first === 'object' ? first.as : undefined, texts.join(''))
}

function toMember(one: Asked): object {
  const { name, also } = one
  if ('failure' in one) return { stash: name, profile: name, also, error: one.failure }
  const { facts, freezes, flags, held } = one.status
  const { stash_id, slug, name: title, revision, frozen, frozen_until } = facts
  return {
    stash: name,
    profile: name,
    also,
    stash_id,
    slug,
    name: title,
    revision,
    frozen,
    frozen_until,
    freezes,
    not_normal: listNotNormal(one.status).length,
    needs_approval: held === null ? null : countApprovals(one.status),
    held: held?.length ?? null,
    flags: flags.filter(({ isNormal, value }) => !isNormal && value !== null).map(toFlagMember),
  }
}
