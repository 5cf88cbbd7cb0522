/** Computes the changes of an edit, items first, without checking whether they are allowed. */
import type { EntryChange } from '../../../src/model/entry.ts'
import type { Edit } from '../../../src/model/intent.ts'
import type { Tables } from './rules.ts'

const DEFAULT_TYPE = 'text/plain; charset=utf-8'

export function computePlan(t: Tables, edit: Edit, newKey: string): EntryChange[] {
  switch (edit.kind) {
    case 'put':
      return [item(t, edit.key ?? newKey, edit.value, edit.type)]
    case 'delete':
      return [item(t, edit.key, null)]
    case 'patch':
      return edit.changes.map(({ key, value, type }) => item(t, key, value, type))
    case 'set_guard':
      return [guard(t, edit.key, JSON.stringify(edit.guard))]
    case 'remove_guard':
      return [guard(t, edit.key, null)]
    case 'undo':
      return (t.log[edit.revision - 1]?.changes ?? []).flatMap(({ what, key, before }) => {
        if (what === 'held') return []
        return what === 'item'
          ? item(t, key, before?.value ?? null, before?.type)
          : guard(t, key, before?.value ?? null)
      })
    case 'import':
      return computeImportPlan(t, edit)
  }
}

/** Leaves out items and guards that already have the imported value and type. */
function computeImportPlan(t: Tables, { items, guards, replace }: Extract<Edit, { kind: 'import' }>): EntryChange[] {
  const rest = (rows: Map<string, unknown>, named: { key: string }[]): string[] =>
    replace ? [...rows.keys()].sort().filter((key) => !named.some((one) => one.key === key)) : []
  return [
    ...items.map(({ key, value, type }) => item(t, key, value, type)),
    ...rest(t.items, items).map((key) => item(t, key, null)),
    ...guards.map((one) => guard(t, one.key, JSON.stringify(one.guard))),
    ...rest(t.guards, guards).map((key) => guard(t, key, null)),
  ].filter(({ before, after }) => before?.value !== after?.value || before?.type !== after?.type)
}

/** The keys that a token must reach to act on a held edit. `*` is not a key, so only a token for every key reaches it. */
export function getScope(edit: Edit, plan: EntryChange[]): string[] {
  const named = edit.kind === 'import' ? [...edit.items, ...edit.guards] : []
  const whole = edit.kind === 'import' && edit.replace ? ['*'] : []
  const keys = [...new Set([...[...named, ...plan].map(({ key }) => key), ...whole])]
  return keys.length === 0 ? ['*'] : keys
}

function item(t: Tables, key: string, value: string | null, type?: string): EntryChange {
  const row = t.items.get(key)
  const before = row === undefined ? null : { value: row.value, type: row.type, version: row.version }
  return {
    what: 'item',
    key,
    before,
    after: value === null ? null : { value, type: type ?? row?.type ?? DEFAULT_TYPE },
  }
}

function guard(t: Tables, key: string, text: string | null): EntryChange {
  const row = t.guards.get(key)
  const before = row === undefined ? null : { value: row.text, type: '', version: row.version }
  return { what: 'guard', key, before, after: text === null ? null : { value: text, type: '' } }
}
