/**
 * Turns a step of a story into a command: looks up in the ledger the tokens, links and changes that the step refers to by
 * number, and creates the secrets of new tokens and links.
 */
import type { Guard } from '../../../src/model/guard/guard.ts'
import type { Change, Command, Credential, Intent } from '../../../src/model/intent.ts'
import type { Precondition } from '../../../src/model/decide/precondition.ts'
import { sha256, type Ledger } from './ledger.ts'
import { FREEZE_SETS, GRANTS, GUARDS, KEYS, TYPES, VALUES, type Step, type Terms, type IntentSpec } from './story.ts'

/** The hashes of all secrets that a story has created so far, in order, including those that no longer work. */
export type Secrets = { tokens: string[]; links: string[] }

const UNVERSIONED = ['approval_link', 'approve', 'drop', 'freeze', 'unfreeze', 'grant', 'revoke', 'rotate']

export function toCommand(
  step: Extract<Step, { do: 'command' }>,
  ledger: Ledger,
  secrets: Secrets,
  now: number,
): Command {
  const { spec, reason, breakGlass, condition: named, repeatKey, dryRun } = step
  const intent = toIntent(spec, ledger, secrets, now)
  const condition = UNVERSIONED.includes(spec.kind) ? toCondition(named, ledger.revision) : undefined
  const secretive = ['link', 'approval_link', 'grant', 'rotate'].includes(spec.kind)
  const credential = spec.kind === 'press' ? getLink(spec.link, ledger, secrets) : pickCaller(step.by, ledger, secrets)
  return {
    credential,
    intent,
    ...(reason !== null && { reason }),
    ...(breakGlass !== null && { breakGlass }),
    ...(condition !== undefined && { condition }),
    // The reply would contain a secret, so stories send no key with it.
    ...(repeatKey !== null && !secretive && { idempotencyKey: repeatKey }),
    ...(dryRun && { dryRun }),
  }
}

function pickCaller(number: number, ledger: Ledger, secrets: Secrets): Credential {
  const master = [...ledger.tokens.values()].find((token) => token.master && token.expiresAt === null)
  const live = [...ledger.tokens.values()].map(({ hash }) => hash)
  const known = [master?.hash ?? '', ...live, master?.hash ?? '', ...live, ...secrets.tokens]
  const unknown: Credential[] = [{ kind: 'none' }, { kind: 'token', hash: sha256('a stranger') }]
  const all = [...known.map((hash): Credential => ({ kind: 'token', hash })), ...unknown]
  return all[number % all.length] ?? { kind: 'none' }
}

function getLink(number: number, { held: waiting }: Ledger, { links }: Secrets): Credential {
  const live = [...waiting.values()].flatMap(({ secret_hash: hash }) => hash ?? []).toReversed()
  const all = [...live, ...live, ...links, sha256('no link')]
  return { kind: 'link', hash: all[number % all.length] ?? '' }
}

function pickHeldId(number: number, { held: waiting }: Ledger, preferredKind: string): string {
  const all = [...waiting.values()].toReversed()
  const preferred = all.filter(({ kind }) => kind === preferredKind)
  const ids = [...preferred, ...preferred, ...all].map(({ id }) => id)
  return [...ids, 'no-such-change'][number % (ids.length + 1)] ?? ''
}

function toIntent(spec: IntentSpec, ledger: Ledger, secrets: Secrets, now: number): Intent {
  switch (spec.kind) {
    case 'put':
    case 'delete':
    case 'patch':
      return toChange(spec, ledger, now)
    case 'undo': {
      const revision = Math.max(1, ledger.revision - spec.back)
      return { kind: 'undo', revision, ...toTerms(spec, ledger.revision, now) }
    }
    case 'import': {
      const { replace, items, guards: rules } = spec
      const values = items.map((each) => ({
        key: keyAt(each.key),
        value: valueAt(each.value ?? 0),
        type: typeAt(each.type ?? 0),
      }))
      const ruled = rules.map((each) => ({ key: keyAt(each.key), guard: guardAt(each.guard) }))
      return { kind: 'import', items: values, guards: ruled, replace, ...toTerms(spec, ledger.revision, now) }
    }
    case 'set_guard':
    case 'remove_guard': {
      const named = keyAt(spec.key)
      const { condition } = { condition: undefined, ...toTerms(spec, ledger.guards.get(named)?.version ?? null, now) }
      const same = { key: named, ...(condition && { condition }) }
      return spec.kind === 'set_guard'
        ? { kind: 'set_guard', guard: guardAt(spec.guard), ...same }
        : { kind: 'remove_guard', ...same }
    }
    case 'link': {
      const secretHash = createSecret(secrets.links, 'link')
      const change = toChange(spec.change, ledger, now)
      const { decision } = spec
      return {
        kind: 'hold_for_link',
        change,
        secretHash,
        expiresAt: now + spec.lifeMs,
        ...(decision !== null && { decision }),
      }
    }
    case 'approval_link': {
      const heldId = pickHeldId(spec.held, ledger, 'approval')
      return {
        kind: 'hold_approval_for_link',
        heldId,
        secretHash: createSecret(secrets.links, 'link'),
        expiresAt: now + spec.lifeMs,
      }
    }
    case 'press':
      return { kind: 'release' }
    case 'approve':
      return { kind: 'approve', heldId: pickHeldId(spec.held, ledger, 'approval') }
    case 'drop':
      return { kind: 'drop_held', heldId: pickHeldId(spec.held, ledger, 'revert') }
    case 'freeze': {
      const until = spec.forMs === null ? null : now + spec.forMs
      if (spec.keys === null) return { kind: 'freeze', until }
      return { kind: 'freeze_keys', keys: FREEZE_SETS[spec.keys] ?? [], until }
    }
    case 'unfreeze':
      if (spec.keys === null) return { kind: 'unfreeze' }
      return { kind: 'unfreeze_keys', keys: FREEZE_SETS[spec.keys] ?? [] }
    case 'grant': {
      const { can, keys } = GRANTS[spec.grant] ?? { can: [], keys: [] }
      const label = `token ${secrets.tokens.length}`
      return {
        kind: 'add_token',
        hash: createSecret(secrets.tokens, 'token'),
        label,
        can,
        keys,
        expiresInMs: spec.lifeMs,
      }
    }
    case 'revoke': {
      const ids = [...ledger.tokens.keys(), 'no-such-token']
      return { kind: 'revoke_token', tokenId: ids[spec.token % ids.length] ?? '' }
    }
    case 'rotate':
      return { kind: 'rotate_master', hash: createSecret(secrets.tokens, 'token'), overlapMs: spec.overlapMs }
  }
}

function toChange(spec: IntentSpec, ledger: Ledger, now: number): Change {
  switch (spec.kind) {
    case 'put': {
      const named = spec.key === null ? null : keyAt(spec.key)
      const version = named === null ? null : (ledger.items.get(named)?.version ?? null)
      return {
        kind: 'put',
        key: named,
        value: valueAt(spec.value),
        type: typeAt(spec.type),
        ...toTerms(spec, version, now, named === null),
      }
    }
    case 'delete':
      return {
        kind: 'delete',
        key: keyAt(spec.key),
        ...toTerms(spec, ledger.items.get(keyAt(spec.key))?.version ?? null, now),
      }
    case 'patch': {
      const changes = spec.values.map(({ key: named, value: given, type }) => ({
        key: keyAt(named),
        value: given === null ? null : valueAt(given),
        ...(given !== null && type !== null && { type: typeAt(type) }),
      }))
      return { kind: 'patch', changes, ...toTerms(spec, ledger.revision, now) }
    }
    default:
      throw new Error(`${spec.kind} is no change of items`)
  }
}

const keyAt = (number: number): string => KEYS[number] ?? ''
const valueAt = (number: number): string => VALUES[number] ?? ''
const typeAt = (number: number): string => TYPES[number] ?? ''
const guardAt = (number: number): Guard => GUARDS[number] ?? { type: 'boolean' }

function createSecret(made: string[], kind: string): string {
  const hash = sha256(`${kind} ${made.length}`)
  made.push(hash)
  return hash
}

function toTerms({ condition, forMs, atMs }: Terms, version: number | null, now: number, nameless = false) {
  const precondition = toCondition(condition, version)
  return {
    ...(precondition !== undefined && { condition: precondition }),
    ...(forMs !== null && { forMs }),
    // A put without a key gets no time, because the caller would not learn the random key of a scheduled put.
    ...(atMs !== null && !nameless && { at: now + atMs }),
  }
}

function toCondition(condition: Terms['condition'], version: number | null): Precondition | undefined {
  const conditions = {
    none: undefined,
    current: { ifMatch: [version ?? 0] },
    stale: { ifMatch: [(version ?? 0) - 1] },
    exists: { ifMatch: '*' as const },
    absent: { ifNoneMatch: '*' as const },
  }
  return conditions[condition]
}
