/**
 * `diff`: compares a file with the stash. It only reads, so a pipeline can ask without a token; guards and media types are
 * compared where a token shows them. Whether the stash would take the file, `apply --check` asks.
 */
import { RefusedError } from '../../../client/requests/errors.ts'
import type { Export, Flags, Plan } from '../../api/answer-types.ts'
import type { Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { readFlagFile, type FlagFile } from './flag-file.ts'
import { isEmpty, printPlan } from './plan.ts'
import type { Session } from '../../api/session.ts'

/** `guards` is undefined if the token may not see them. */
type Current = Pick<Export, 'revision' | 'items'> & Partial<Pick<Export, 'guards'>>

export const diff: Command = {
  usage: '<file>',
  takes: [1, 1],
  options: {
    replace: { means: 'flags that the file does not name count as deleted' },
    check: { means: `end with ${EXIT.differs} where there is a difference` },
  },
  examples: [
    ['switchyard diff flags.json', 'what the file would change'],
    ['switchyard diff flags.json --check', 'in a pull request: no token needed'],
  ],
  notes: 'The file: an export, or {"flags": {"<key>": "<value>"}}; - is stdin. Guards are compared with a token only.',
  async run(input, { print, session }) {
    const file = await readFlagFile(input.args[0] ?? '')
    const stash = session()
    const current = await readCurrent(stash)
    const plan = compare(current, file, input.isSet('replace'))
    print.data(
      { stash: stash.label, ...plan, differs: !isEmpty(plan) },
      plan.changes.map(({ key }) => key),
      () => printPlan(print, plan),
    )
    if (file.guards !== undefined && current.guards === undefined)
      print.say('Guards are not compared: that takes a token for every key.')
    if (isEmpty(plan)) print.say(`${stash.label}: no difference at revision ${plan.revision}.`)
    return input.isSet('check') && !isEmpty(plan) ? EXIT.differs : EXIT.done
  },
}

async function readCurrent(stash: Session): Promise<Current> {
  if (stash.hasToken) {
    try {
      return (await stash.read<Export>('/export', { revision: 'number', items: 'list', guards: 'list' })).body
    } catch (fault) {
      // A token for some keys sees no export, and as much as anyone.
      if (!(fault instanceof RefusedError && fault.code === 'not_permitted')) throw fault
    }
  }
  const shape = { revision: 'number', flags: 'object' } as const
  const { body } = await stash.readPublic<Flags>('/flags', shape)
  const { revision, flags } = body
  return { revision, items: Object.entries(flags).map(([key, value]) => ({ key, value })) }
}

function compare(current: Current, file: FlagFile, replace: boolean): Plan {
  const items = new Map(current.items.map((item) => [item.key, item]))
  const changed = file.items.filter((item) => !isSame(items.get(item.key), item))
  const changes = changed.map(({ key, value }): Plan['changes'][number] => ({
    key,
    before: items.get(key)?.value ?? null,
    after: value,
  }))
  const guards = new Map(current.guards?.map(({ key, guard }) => [key, guard]))
  const wanted = current.guards === undefined ? [] : (file.guards ?? [])
  const guardsChanged = wanted
    .filter(({ key, guard }) => writeSorted(guards.get(key)) !== writeSorted(guard))
    .map(({ key, guard }): Plan['guards'][number] => ({ key, before: guards.get(key) ?? null, after: guard }))
  const named = new Set(file.items.map(({ key }) => key))
  const namedGuards = new Set(file.guards?.map(({ key }) => key))
  const isGone = (key: string): boolean => replace && !named.has(key)
  const isGuardGone = (key: string): boolean => replace && file.guards !== undefined && !namedGuards.has(key)
  for (const { key, value } of current.items) if (isGone(key)) changes.push({ key, before: value, after: null })
  for (const [key, guard] of guards) if (isGuardGone(key)) guardsChanged.push({ key, before: guard, after: null })
  return { revision: current.revision, changes, guards: guardsChanged }
}

/** A file that names no type does not ask for one; nor can one be compared that is not shown. */
function isSame(now: Current['items'][number] | undefined, wanted: FlagFile['items'][number]): boolean {
  if (now?.value !== wanted.value) return false
  return wanted.content_type === undefined || now.content_type === undefined || now.content_type === wanted.content_type
}

/** As JSON, whatever the order of the fields. */
const writeSorted = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ) ?? ''
