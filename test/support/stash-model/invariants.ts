/**
 * Invariants of a stash, checked against its tables and its history alone. They use neither the model nor the rules by
 * which changes are decided, so that they find a mistake that the model and the code share.
 */
import type { Detail } from '../../../src/model/entry.ts'
import type { Freeze } from '../../../src/model/freeze.ts'
import { parseDuration } from '../../../src/model/duration.ts'
import { findViolations, type Guard } from '../../../src/model/guard/guard.ts'
import { countBytes } from '../../../src/model/item.ts'
import { matches } from '../../../src/model/access/pattern.ts'
import { ABILITIES } from '../../../src/model/access/ability.ts'
import type { LoggedEntry } from './ledger.ts'
import type { Raw, Row } from './tables.ts'

const sum = (rows: Row[], weigh: (row: Row) => number): number => rows.reduce((total, row) => total + weigh(row), 0)
/** The UTF-8 size of all texts of an entry and its changes. */
const textBytes = (entry: Row, changes: Row[]): number =>
  sum([entry, ...changes.filter(({ revision }) => revision === entry['revision'])], (row) =>
    Object.values(row).reduce<number>((total, cell) => total + (typeof cell === 'string' ? countBytes(cell) : 0), 0),
  )

/** Returns the violated invariants of the tables. `raw` must contain the whole log. */
export function checkTables(raw: Raw): string[] {
  const { stash, item, guard, held, revert, log, change, alarm, cursor } = raw
  const counted = held.filter(({ kind }) => kind !== 'lapse' && kind !== 'thaw')
  const reverts = held.filter(({ kind }) => kind === 'revert')
  const pairs = reverts.flatMap(({ id, keys }) =>
    (JSON.parse(String(keys)) as string[]).map((key) => `${key} ${String(id)}`),
  )
  // A postponed change keeps its original due time.
  const due = held.flatMap(({ due_at: at, retry_at: retryAt }) =>
    [retryAt ?? at].filter((one) => typeof one === 'number'),
  )
  const checks: [string, unknown, unknown][] = [
    ['item_count', stash['item_count'], item.length],
    ['bytes', stash['bytes'], sum(item, ({ key, value }) => countBytes(String(key) + String(value)))],
    [
      'item.bytes',
      item.map(({ bytes }) => bytes),
      item.map(({ key, value }) => countBytes(String(key) + String(value))),
    ],
    ['held_count', stash['held_count'], counted.length],
    ['held_bytes', stash['held_bytes'], sum(counted, ({ change: what }) => countBytes(String(what)))],
    ['log_bytes', stash['log_bytes'], sum(log, ({ bytes }) => Number(bytes))],
    [
      'entries counted with fewer bytes than their texts',
      log.filter((row) => Number(row['bytes']) < textBytes(row, change)),
      [],
    ],
    ['held changes whose release did not end', held.filter(({ tries }) => tries !== 0), []],
    ['revision', stash['revision'], log.length],
    ['revisions', log.map(({ revision }) => revision), log.map((_, i) => i + 1)],
    ['revert', revert.map(({ key, held_id: id }) => `${String(key)} ${String(id)}`).sort(), pairs.sort()],
    ['one revert per key', pairs.length, new Set(pairs.map((pair) => pair.split(' ')[0])).size],
    ['values that violate their guard', findViolatingKeys(item, guard), []],
    ['an alarm for what is due', due.length === 0 || (alarm !== null && alarm <= Math.min(...due)), true],
    ['an alarm for KV', cursor[0]?.['revision'] === stash['revision'] || alarm !== null, true],
  ]
  return checks
    .filter(([, is, must]) => JSON.stringify(is) !== JSON.stringify(must))
    .map(([what, is, must]) => `${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(must)}`)
}

const findViolatingKeys = (items: Row[], guards: Row[]): string[] =>
  guards.flatMap(({ key, guard }) => {
    const row = items.find((item) => item['key'] === key)
    const fits =
      row === undefined || findViolations(JSON.parse(String(guard)) as Guard, String(row['value'])).length === 0
    return fits ? [] : String(key)
  })

type Holder = { can: string[]; keys: string[]; line: string; until: number }
type History = {
  /** By `item <key>` and `guard <key>`. */
  values: Map<string, string>
  holders: Map<string, Holder>
  freeze: Freeze | null
  /** The freezes of some keys, by their joined patterns. */
  keyFreezes: Map<string, Freeze>
  /** By key: the revision that began the time-box in which the key is now. */
  ends: Map<string, number>
}

/** Returns the violated invariants of history, from the first entry on. `master` is the id of the first token. */
export function checkHistory(entries: LoggedEntry[], master: string): string[] {
  const holder = { can: [...ABILITIES], keys: ['*'], line: master, until: Infinity }
  const holders = new Map([[master, holder]])
  const history: History = { values: new Map(), holders, freeze: null, keyFreezes: new Map(), ends: new Map() }
  return entries.flatMap((entry) => {
    const detail = entry.detail === null ? {} : (JSON.parse(entry.detail) as Detail)
    const violations = findBreaches(entry, detail, history)
    advance(entry, detail, history)
    return violations.map((breach) => `revision ${entry.revision}: ${breach}`)
  })
}

function findBreaches(entry: LoggedEntry, detail: Detail, history: History): string[] {
  const { at, actorId, kind } = entry
  const changes = entry.changes.filter(({ what }) => what !== 'held')
  const dropped = entry.changes.flatMap(({ what, key }) => (what === 'held' ? key : []))
  const actor = actorId === null ? undefined : history.holders.get(actorId)
  const isInForce = ({ until }: Freeze): boolean => until === null || at < until
  const isFrozenKey = ({ key }: { key: string }): boolean =>
    [...history.keyFreezes.values()].some(
      (freeze) => isInForce(freeze) && freeze.keys?.some((pattern) => matches(pattern, key)),
    )
  const frozen =
    history.freeze !== null && isInForce(history.freeze) ? changes.length > 0 : changes.some((one) => isFrozenKey(one))
  const byItself = actorId === null && entry.actor === 'stash'
  const continuity = changes.filter(({ what, key, before }) => history.values.get(`${what} ${key}`) !== before?.value)
  const checks: [string, boolean][] = [
    ['starts from the values before it', continuity.length === 0],
    ['is by a token that was valid', actorId === null || (actor !== undefined && at < actor.until)],
    ['changes nothing during a freeze', !frozen || byItself || detail.brokeGlass !== undefined],
    [
      'names the keys that it dropped or froze',
      JSON.stringify(dropped) === JSON.stringify(detail.dropped?.keys ?? detail.freeze?.keys ?? []),
    ],
    ['names the revision that it ends if it is a revert', (kind === 'revert') === (detail.ends !== undefined)],
    ...(actor === undefined ? [] : findTokenBreaches(entry, detail, actor, history)),
  ]
  return checks.filter(([, holds]) => !holds).map(([what]) => what)
}

/** Checks that a change by a token is within the token's limits, and meets the guards. */
function findTokenBreaches(entry: LoggedEntry, detail: Detail, actor: Holder, history: History): [string, boolean][] {
  const approver = detail.approvedBy && history.holders.get(detail.approvedBy.id)
  const items = entry.changes.filter(({ what }) => what === 'item')
  const stays = getKeptKeys(entry, detail, history).map((key) => ({ key, value: history.values.get(`item ${key}`) }))
  const changed = items.map(({ key, after }) => ({ key, value: after?.value }))
  return [
    ...entry.changes.flatMap(({ what, key }): [string, boolean][] => [
      [`may change ${what} ${key}`, what === 'held' || actor.can.includes(what === 'item' ? 'write' : 'guard')],
      [`reaches ${key}`, what === 'held' || actor.keys.some((pattern) => matches(pattern, key))],
    ]),
    ['may freeze', detail.freeze === undefined || actor.can.includes('freeze')],
    ...(detail.freeze?.keys ?? (detail.freeze === undefined ? [] : ['*'])).map((key): [string, boolean] => [
      `covers ${key}`,
      actor.keys.some((pattern) => matches(pattern, key)),
    ]),
    ['had another person as approver', approver?.line !== actor.line],
    ...[...changed, ...stays].flatMap((one) => findGuardBreaches(one, entry, detail, approver, history)),
  ]
}

function findGuardBreaches(
  { key, value }: { key: string; value: string | undefined },
  { at, reason }: LoggedEntry,
  { revertsAt, pressedReason = '' }: Detail,
  approver: Holder | undefined,
  { values }: History,
): [string, boolean][] {
  const text = values.get(`guard ${key}`)
  if (text === undefined) return []
  const guard = JSON.parse(text) as Guard
  const boxed = revertsAt !== undefined && revertsAt - at <= (parseDuration(guard.max_for ?? '') ?? Infinity)
  return [
    [`has a reason for ${key}`, guard.reason_required !== true || `${reason ?? ''}${pressedReason}`.trim() !== ''],
    [`ends in time at ${key}`, guard.max_for === undefined || value === guard.safe_value || boxed],
    [`had a second person for ${key}`, guard.approvals !== 1 || (approver !== undefined && mayApprove(approver, key))],
  ]
}

/** The keys whose revert this entry cancels or drops without changing the key: the value stays, for good or in a new time-box. */
function getKeptKeys({ changes }: LoggedEntry, { cancelled = [], dropped }: Detail, { ends }: History): string[] {
  const over = [...cancelled, ...(dropped?.kind === 'revert' ? [dropped.id] : [])]
  const kept = [...ends].filter(([, revision]) => over.includes(`revert-${revision}`)).map(([key]) => key)
  return kept.filter((key) => !changes.some((change) => change.what === 'item' && change.key === key))
}

const mayApprove = ({ can, keys }: Holder, key: string): boolean =>
  can.includes('approve') && keys.some((pattern) => matches(pattern, key))

function advance(entry: LoggedEntry, detail: Detail, history: History): void {
  const { revision, kind, at, actorId, changes } = entry
  // The entry does not name a key that leaves a revert without a change, so all keys of a shortened revert are forgotten.
  for (const [key, boxed] of history.ends) if (detail.shortened?.includes(`revert-${boxed}`)) history.ends.delete(key)
  for (const key of getKeptKeys(entry, detail, history)) {
    if (detail.revertsAt === undefined) history.ends.delete(key)
    else history.ends.set(key, revision)
  }
  for (const { what, key, after } of changes) {
    if (after === null) history.values.delete(`${what} ${key}`)
    else history.values.set(`${what} ${key}`, after.value)
    if (what !== 'item') continue
    if (detail.revertsAt === undefined) history.ends.delete(key)
    else history.ends.set(key, revision)
  }
  const patterns = detail.freeze?.keys
  if (patterns === undefined) {
    if (kind === 'freeze') history.freeze = detail.freeze ?? null
    if (kind === 'unfreeze') history.freeze = null
  } else if (kind === 'freeze' && detail.freeze !== undefined) history.keyFreezes.set(patterns.join(), detail.freeze)
  else history.keyFreezes.delete(patterns.join())
  const { token } = detail
  if (token === undefined) return
  const until = kind === 'revoke_token' ? at : (token.expiresAt ?? Infinity)
  const old = actorId === null ? undefined : history.holders.get(actorId)
  const line = kind === 'rotate_master' ? old?.line : history.holders.get(token.id)?.line
  history.holders.set(token.id, { can: token.can, keys: token.keys, line: line ?? token.id, until })
  if (kind === 'rotate_master' && old !== undefined) old.until = detail.oldUntil ?? at
}
