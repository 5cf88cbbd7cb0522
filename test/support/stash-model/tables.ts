/** The tables of a stash in its object and in its model, in one form, so that they can be compared. */
import { countBytes } from '../../../src/model/item.ts'
import type { StashModel } from '../stash-model.ts'
import type { LoggedEntry } from './ledger.ts'

export type Row = Record<string, SqlStorageValue>

export type Raw = Record<
  'item' | 'guard' | 'token' | 'held' | 'key_freeze' | 'revert' | 'answer' | 'refusal' | 'log' | 'change' | 'cursor',
  Row[]
> & {
  stash: Row
  alarm: number | null
}

export async function readTables(storage: DurableObjectStorage): Promise<Raw> {
  const all = (query: string): Row[] => storage.sql.exec<Row>(query).toArray()
  return {
    stash: storage.sql.exec('SELECT * FROM stash').one(),
    item: all('SELECT * FROM item ORDER BY key'),
    guard: all('SELECT * FROM guard ORDER BY key'),
    token: all('SELECT * FROM token ORDER BY id'),
    held: all('SELECT * FROM held ORDER BY rowid'),
    revert: all('SELECT * FROM revert ORDER BY key'),
    key_freeze: all('SELECT * FROM key_freeze ORDER BY keys'),
    answer: all('SELECT * FROM answer ORDER BY scope, key'),
    refusal: all('SELECT * FROM refusal ORDER BY scope, key'),
    cursor: all('SELECT * FROM cursor'),
    log: all('SELECT * FROM log ORDER BY revision'),
    change: all('SELECT * FROM change ORDER BY revision, position'),
    alarm: await storage.getAlarm(),
  }
}

const parsed = (text: SqlStorageValue | undefined): unknown => (typeof text === 'string' ? JSON.parse(text) : null)

// Of a stored refusal only the code is compared; unit tests cover its other facts.
const getCode = (refusal: SqlStorageValue | undefined): unknown => (parsed(refusal) as { code?: unknown } | null)?.code

/** The object's tables, in the compared form. */
export function toActual({ stash, ...raw }: Raw) {
  return {
    revision: stash['revision'],
    freeze: parsed(stash['freeze']),
    keyFreezes: raw.key_freeze.map(({ freeze }) => parsed(freeze)),
    items: raw.item,
    guards: raw.guard,
    held: raw.held.map(({ bytes: _bytes, tries: _tries, retry_at: _retryAt, set_by, set_by_label: label, ...row }) => ({
      ...row,
      change: parsed(row['change']),
      keys: parsed(row['keys']),
      approved_by: parsed(row['approved_by']),
      broke_glass: parsed(row['broke_glass']),
      set_by: set_by === null ? null : { id: set_by, label },
    })),
    tokens: raw.token.map((row) => ({
      id: row['id'],
      hash: row['hash'],
      label: row['label'],
      master: row['master'] === 1,
      can: parsed(row['can']),
      keys: parsed(row['keys']),
      expiresAt: row['expires_at'],
      line: row['line'],
      madeBy: row['made_by'],
      holder: row['holder'],
      granted: row['granted'],
      endsAs: row['ends_as'],
      endedAt: row['ended_at'],
    })),
    answers: raw.answer.map(({ scope, key, applied, at }) => [`${String(scope)} ${String(key)}`, parsed(applied), at]),
    refusals: raw.refusal.map(({ scope, key, refusal, at }) => [
      `${String(scope)} ${String(key)}`,
      getCode(refusal),
      at,
    ]),
    log: toEntries(raw),
    head: stash['head_hash'],
  }
}

/** The model's tables, in the compared form. */
export function toExpected({ ledger }: StashModel) {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
  const sorted = <T>(rows: Map<string, T>): [string, T][] => [...rows].sort(byName)
  return {
    revision: ledger.revision,
    freeze: ledger.freeze,
    keyFreezes: sorted(ledger.keyFreezes).map(([, freeze]) => freeze),
    items: sorted(ledger.items).map(([key, row]) => ({ key, ...row, bytes: countBytes(key) + countBytes(row.value) })),
    guards: sorted(ledger.guards).map(([key, { text, version }]) => ({ key, guard: text, version })),
    held: [...ledger.held.values()],
    tokens: sorted(new Map([...ledger.tokens, ...ledger.ended])).map(([, token]) => token),
    answers: sorted(ledger.answers).map(([name, { applied, at }]) => [name, applied, at]),
    refusals: sorted(ledger.refusals).map(([name, { refused, at }]) => [name, refused.code, at]),
    log: ledger.log,
    head: ledger.head,
  }
}

/** The entries of the object's log with their changes. */
export function toEntries({ log, change }: Pick<Raw, 'log' | 'change'>): LoggedEntry[] {
  return log.map((row) => ({
    revision: Number(row['revision']),
    at: Number(row['at']),
    kind: String(row['kind']),
    actorId: row['actor_id'] as string | null,
    actor: String(row['actor']),
    heldId: row['held_id'] as string | null,
    reason: row['reason'] as string | null,
    detail: row['detail'] as string | null,
    changes: change.filter(({ revision }) => revision === row['revision']).map(toEntryChange),
    hash: String(row['hash']),
  }))
}

function toEntryChange(row: Row): LoggedEntry['changes'][number] {
  const text = (column: string): string => String(row[column])
  return {
    what: row['what'] as 'item' | 'guard' | 'held',
    key: text('key'),
    before:
      row['before_value'] === null
        ? null
        : { value: text('before_value'), type: text('before_type'), version: Number(row['before_version']) },
    after: row['after_value'] === null ? null : { value: text('after_value'), type: text('after_type') },
  }
}
