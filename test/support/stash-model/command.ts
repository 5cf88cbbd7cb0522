/**
 * Turns a step of a story into a command: looks up in the ledger what the step names by number, and makes up secrets for
 * tokens and links.
 */
import type { Guard } from '../../../src/model/guard/guard.ts'
import type { Change, Command, Credential, Intent } from '../../../src/model/intent.ts'
import type { Precondition } from '../../../src/model/decide/precondition.ts'
import { sha256, type Ledger } from './ledger.ts'
import { GRANTS, GUARDS, KEYS, TYPES, VALUES, type Step, type Terms, type Wish } from './story.ts'

/** The secrets that a story has made up so far, in order. The ledger has their hashes only. */
export type Cast = { tokens: string[]; links: string[] }

const UNVERSIONED = ['approval_link', 'approve', 'drop', 'freeze', 'unfreeze', 'grant', 'revoke', 'rotate']

export function commandOf(taken: Extract<Step, { do: 'say' }>, ledger: Ledger, cast: Cast, now: number): Command {
  const { wish: wanted, reason, breakGlass, condition: named, repeatKey, dryRun } = taken
  const intent = intentOf(wanted, ledger, cast, now)
  const condition = UNVERSIONED.includes(wanted.want) ? conditionOf(named, ledger.revision) : undefined
  const secretive = ['link', 'approval_link', 'grant', 'rotate'].includes(wanted.want)
  const canDryRun = ['put', 'delete', 'patch', 'undo', 'import', 'set_guard'].includes(wanted.want)
  const credential = wanted.want === 'press' ? linkOf(wanted.link, ledger, cast) : callerOf(taken.by, ledger, cast)
  return {
    credential,
    intent,
    ...(reason !== null && { reason }),
    ...(breakGlass !== null && { breakGlass }),
    ...(condition !== undefined && { condition }),
    // The reply would contain a secret, so stories send no key with it.
    ...(repeatKey !== null && !secretive && { idempotencyKey: repeatKey }),
    // The HTTP routes accept a dry run only with a token.
    ...(dryRun && canDryRun && credential.kind === 'token' && { dryRun }),
  }
}

function callerOf(number: number, ledger: Ledger, cast: Cast): Credential {
  const master = [...ledger.tokens.values()].find((token) => token.master && token.expiresAt === null)
  const live = [...ledger.tokens.values()].map(({ hash }) => hash)
  const known = [master?.hash ?? '', ...live, master?.hash ?? '', ...live, ...cast.tokens]
  const nobody: Credential[] = [{ kind: 'none' }, { kind: 'token', hash: sha256('a stranger') }]
  const all = [...known.map((hash): Credential => ({ kind: 'token', hash })), ...nobody]
  return all[number % all.length] ?? { kind: 'none' }
}

function linkOf(number: number, { held: waiting }: Ledger, { links }: Cast): Credential {
  const live = [...waiting.values()].flatMap(({ secret_hash: hash }) => hash ?? []).toReversed()
  const all = [...live, ...live, ...links, sha256('no link')]
  return { kind: 'link', hash: all[number % all.length] ?? '' }
}

function heldIdOf(number: number, { held: waiting }: Ledger, first: string): string {
  const all = [...waiting.values()].toReversed()
  const wanted = all.filter(({ kind }) => kind === first)
  const ids = [...wanted, ...wanted, ...all].map(({ id }) => id)
  return [...ids, 'no-such-change'][number % (ids.length + 1)] ?? ''
}

function intentOf(wanted: Wish, ledger: Ledger, cast: Cast, now: number): Intent {
  switch (wanted.want) {
    case 'put':
    case 'delete':
    case 'patch':
      return changeOf(wanted, ledger, now)
    case 'undo': {
      const revision = Math.max(1, ledger.revision - wanted.back)
      return { kind: 'undo', revision, ...termsOf(wanted, ledger.revision, now) }
    }
    case 'import': {
      const { replace, items, guards: rules } = wanted
      const values = items.map((each) => ({
        key: keyAt(each.key),
        value: valueAt(each.value ?? 0),
        type: typeAt(each.type ?? 0),
      }))
      const ruled = rules.map((each) => ({ key: keyAt(each.key), guard: guardAt(each.guard) }))
      return { kind: 'import', items: values, guards: ruled, replace, ...termsOf(wanted, ledger.revision, now) }
    }
    case 'set_guard':
    case 'remove_guard': {
      const named = keyAt(wanted.key)
      const { condition } = { condition: undefined, ...termsOf(wanted, ledger.guards.get(named)?.version ?? null, now) }
      const same = { key: named, ...(condition && { condition }) }
      return wanted.want === 'set_guard'
        ? { kind: 'set_guard', guard: guardAt(wanted.guard), ...same }
        : { kind: 'remove_guard', ...same }
    }
    case 'link': {
      const secretHash = secretOf(cast.links, 'link')
      const change = changeOf(wanted.change, ledger, now)
      const { decision } = wanted
      return {
        kind: 'hold_for_link',
        change,
        secretHash,
        expiresAt: now + wanted.lifeMs,
        ...(decision !== null && { decision }),
      }
    }
    case 'approval_link': {
      const heldId = heldIdOf(wanted.held, ledger, 'approval')
      return {
        kind: 'hold_approval_for_link',
        heldId,
        secretHash: secretOf(cast.links, 'link'),
        expiresAt: now + wanted.lifeMs,
      }
    }
    case 'press':
      return { kind: 'release' }
    case 'approve':
      return { kind: 'approve', heldId: heldIdOf(wanted.held, ledger, 'approval') }
    case 'drop':
      return { kind: 'drop_held', heldId: heldIdOf(wanted.held, ledger, 'revert') }
    case 'freeze':
      return { kind: 'freeze', until: wanted.forMs === null ? null : now + wanted.forMs }
    case 'unfreeze':
      return { kind: 'unfreeze' }
    case 'grant': {
      const { can, keys } = GRANTS[wanted.grant] ?? { can: [], keys: [] }
      const label = `token ${cast.tokens.length}`
      return { kind: 'add_token', hash: secretOf(cast.tokens, 'token'), label, can, keys, expiresInMs: wanted.lifeMs }
    }
    case 'revoke': {
      const ids = [...ledger.tokens.keys(), 'no-such-token']
      return { kind: 'revoke_token', tokenId: ids[wanted.token % ids.length] ?? '' }
    }
    case 'rotate':
      return { kind: 'rotate_master', hash: secretOf(cast.tokens, 'token'), overlapMs: wanted.overlapMs }
  }
}

function changeOf(wanted: Wish, ledger: Ledger, now: number): Change {
  switch (wanted.want) {
    case 'put': {
      const named = wanted.key === null ? null : keyAt(wanted.key)
      const version = named === null ? null : (ledger.items.get(named)?.version ?? null)
      return {
        kind: 'put',
        key: named,
        value: valueAt(wanted.value),
        type: typeAt(wanted.type),
        ...termsOf(wanted, version, now, named === null),
      }
    }
    case 'delete':
      return {
        kind: 'delete',
        key: keyAt(wanted.key),
        ...termsOf(wanted, ledger.items.get(keyAt(wanted.key))?.version ?? null, now),
      }
    case 'patch': {
      const changes = wanted.values.map(({ key: named, value: given, type }) => ({
        key: keyAt(named),
        value: given === null ? null : valueAt(given),
        ...(given !== null && type !== null && { type: typeAt(type) }),
      }))
      return { kind: 'patch', changes, ...termsOf(wanted, ledger.revision, now) }
    }
    default:
      throw new Error(`${wanted.want} is no change of items`)
  }
}

const keyAt = (number: number): string => KEYS[number] ?? ''
const valueAt = (number: number): string => VALUES[number] ?? ''
const typeAt = (number: number): string => TYPES[number] ?? ''
const guardAt = (number: number): Guard => GUARDS[number] ?? { type: 'boolean' }

function secretOf(made: string[], kind: string): string {
  const hash = sha256(`${kind} ${made.length}`)
  made.push(hash)
  return hash
}

function termsOf({ condition, forMs, atMs }: Terms, version: number | null, now: number, nameless = false) {
  const wanted = conditionOf(condition, version)
  return {
    ...(wanted !== undefined && { condition: wanted }),
    ...(forMs !== null && { forMs }),
    // Nobody is told the key that is made up for later.
    ...(atMs !== null && !nameless && { at: now + atMs }),
  }
}

function conditionOf(condition: Terms['condition'], version: number | null): Precondition | undefined {
  const conditions = {
    none: undefined,
    current: { ifMatch: [version ?? 0] },
    stale: { ifMatch: [(version ?? 0) - 1] },
    exists: { ifMatch: '*' as const },
    absent: { ifNoneMatch: '*' as const },
  }
  return conditions[condition]
}
