/**
 * The plan of an edit: the changes that it would make if no safeguard refused it. `decide-edit.ts` checks the safeguards.
 */
import type { Facts } from './facts.ts'
import type { Edit, Preview } from '../intent.ts'
import { countBytes, DEFAULT_TYPE, type Item } from '../item.ts'
import { guardSchema, type Guard } from '../guard/guard.ts'

export type ItemChange = { key: string; before: Item | null; after: Item | null }
export type GuardChange = { key: string; before: { guard: Guard; version: number } | null; after: Guard | null }

export type Plan = { items: ItemChange[]; guards: GuardChange[] }

/**
 * The keys that an edit names, of items and guards. The keys of an undo are in history instead; an import that replaces also
 * concerns all keys of the stash.
 */
export function getNamedKeys(intent: Edit, newKey: string): string[] {
  switch (intent.kind) {
    case 'put':
      return [intent.key ?? newKey]
    case 'delete':
    case 'set_guard':
    case 'remove_guard':
      return [intent.key]
    case 'patch':
      return intent.changes.map(({ key }) => key)
    case 'import':
      return [...new Set([...intent.items, ...intent.guards].map(({ key }) => key))]
    case 'undo':
      return []
  }
}

/**
 * The keys that a held change concerns: an actor has to reach all of them to see or approve it, and to cancel it, unless the
 * actor requested it. A change of the whole stash, or of no key, has `*`, which is not a key: only an actor that reaches every
 * key reaches it.
 */
export function getAffectedKeys(intent: Edit, plan: Plan): string[] {
  const whole = intent.kind === 'import' && intent.replace ? ['*'] : []
  const keys = new Set([...(intent.kind === 'put' ? [] : getNamedKeys(intent, '')), ...getPlanKeys(plan), ...whole])
  return keys.size === 0 ? ['*'] : [...keys]
}

/** The changes as texts. A guard is given as its JSON. */
export function toPreview({ items, guards }: Plan): Preview {
  const text = (guard: Guard | null | undefined) => (guard ? JSON.stringify(guard) : null)
  return [
    ...items.map(({ key, before, after }) => ({
      what: 'item' as const,
      key,
      before: before?.value ?? null,
      after: after?.value ?? null,
    })),
    ...guards.map(({ key, before, after }) => ({
      what: 'guard' as const,
      key,
      before: text(before?.guard),
      after: text(after),
    })),
  ]
}

export function createPlan(intent: Edit, facts: Facts, now: number): Plan {
  const put = (key: string, value: string, type?: string) => createPut(key, value, type, facts, now)
  const remove = (key: string): ItemChange => ({ key, before: facts.items.get(key) ?? null, after: null })
  const guard = (key: string, after: Guard | null): GuardChange => ({
    key,
    before: facts.guards.get(key) ?? null,
    after,
  })
  switch (intent.kind) {
    case 'put':
      return { items: [put(intent.key ?? facts.newKey, intent.value, intent.type)], guards: [] }
    case 'delete':
      return { items: [remove(intent.key)], guards: [] }
    case 'patch': {
      const items = intent.changes.map(({ key, value, type }) => (value === null ? remove(key) : put(key, value, type)))
      return { items, guards: [] }
    }
    case 'set_guard':
      return { items: [], guards: [guard(intent.key, intent.guard)] }
    case 'remove_guard':
      return { items: [], guards: [guard(intent.key, null)] }
    case 'undo':
      return createUndoPlan(facts, put, remove, guard)
    case 'import': {
      const kept = new Set(intent.items.map(({ key }) => key))
      const keptGuards = new Set(intent.guards.map(({ key }) => key))
      const rest = intent.replace ? [...facts.items.keys()].filter((key) => !kept.has(key)) : []
      const restGuards = intent.replace ? [...facts.guards.keys()].filter((key) => !keptGuards.has(key)) : []
      // Items and guards that already are as in the import keep their version, and their time-box.
      const items = [...intent.items.map(({ key, value, type }) => put(key, value, type)), ...rest.map(remove)]
      const guards = [
        ...intent.guards.map(({ key, guard: rule }) => guard(key, rule)),
        ...restGuards.map((key) => guard(key, null)),
      ]
      return { items: items.filter(isItemChanged), guards: guards.filter(isGuardChanged) }
    }
  }
}

function createPut(key: string, value: string, type: string | undefined, facts: Facts, now: number): ItemChange {
  const before = facts.items.get(key) ?? null
  const after: Item = {
    key,
    value,
    type: type ?? before?.type ?? DEFAULT_TYPE,
    version: facts.revision + 1,
    bytes: countBytes(key) + countBytes(value),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  }
  return { key, before, after }
}

function createUndoPlan(
  { undoing }: Facts,
  put: (key: string, value: string, type?: string) => ItemChange,
  remove: (key: string) => ItemChange,
  guard: (key: string, after: Guard | null) => GuardChange,
): Plan {
  const plan: Plan = { items: [], guards: [] }
  for (const { what, key, before } of undoing ?? []) {
    if (what === 'guard') plan.guards.push(guard(key, before && readGuard(before.value)))
    else plan.items.push(before === null ? remove(key) : put(key, before.value, before.type))
  }
  return plan
}

// This does not throw, because the log has guards only as they were accepted.
const readGuard = (text: string): Guard => guardSchema.parse(JSON.parse(text))

const isItemChanged = ({ before, after }: ItemChange): boolean =>
  before?.value !== after?.value || (after !== null && before?.type !== after.type)

const isGuardChanged = ({ before, after }: GuardChange): boolean =>
  JSON.stringify(before?.guard ?? null) !== JSON.stringify(after)

export const getPlanKeys = ({ items, guards }: Plan): string[] => [...items, ...guards].map(({ key }) => key)
