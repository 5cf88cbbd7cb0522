/**
 * `apply`: a file of flags becomes one revision. The stash itself says what would change (a dry run), and the import carries the
 * revision that was planned for: a change in between, even while the question stood on the screen, refuses it.
 */
import type { Reply } from '../../../client/requests/call.ts'
import { RefusedError } from '../../../client/requests/errors.ts'
import type { ChangeReply, GuardList, ItemList, Preview } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { toChangeCall } from '../../change/change-options.ts'
import { askFirst } from '../../change/perform-change.ts'
import { replyChange } from '../../change/reply-change.ts'
import { TIMED, type Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import type { Input } from '../../input/input.ts'
import { readFlagFile, type FlagFile } from './flag-file.ts'
import { isEmpty, printPlan } from './plan.ts'

const { wait: _wait, timeout: _timeout, ...options } = TIMED

export const apply: Command = {
  usage: '<file>',
  takes: [1, 1],
  options: {
    ...options,
    check: { means: `change nothing; end with ${EXIT.differs} where it would` },
    'dry-run': { short: 'n', means: 'the same as --check' },
    replace: { means: 'delete what the file does not name' },
  },
  examples: [
    ['switchyard apply flags.json', 'show the plan, ask, and apply it as one revision'],
    ['switchyard apply flags.json --check', 'in a pipeline: does it differ, and would the guards take it?'],
    ['switchyard apply flags.json --yes --reason "release 7"', 'in a pipeline, after the merge'],
  ],
  notes: 'The file: an export, or {"flags": {"<key>": "<value>"}}; - is stdin. It creates the flags that it names.',
  async run(input, { print, session }) {
    const file = await readFlagFile(input.args[0] ?? '')
    const stash = session()
    const replace = input.isSet('replace')
    const { revision, spec } = await createSpec(stash, file, replace)
    const send = createSender(stash, spec, input, revision)
    const { body: plan } = await send<Preview>({ dry_run: 1, replace: Number(replace) })
    const changesNothing = isEmpty(plan)
    const names = plan.changes.map(({ key }) => key)
    if (changesNothing || input.isSet('check') || input.isSet('dry-run')) {
      const table = (): void => printPlan(print, plan)
      print.data({ stash: stash.label, ...plan, differs: !changesNothing }, names, table)
      if (changesNothing) print.say(`${stash.label}: nothing to do at revision ${revision}.`)
      return changesNothing ? EXIT.done : EXIT.differs
    }
    if (print.format === 'table') printPlan(print, plan)
    if (plan.waits_for !== undefined) print.say(`It will be held: it waits for ${plan.waits_for}.`)
    const count = plan.changes.length + plan.guards.length
    await askFirst(print, stash, input, {
      action: `Apply ${count === 1 ? 'this change' : `these ${count} changes`} as one revision`,
      consequence: `${count === 1 ? 'one change' : `${count} changes`} over revision ${revision}.`,
    })
    const reply = await send<ChangeReply>({ replace: Number(replace) })
    return replyChange(print, stash, reply, ({ changed = [] }) => `applied: ${changed.join(', ')}`)
  },
}

/** What the file does not say stays as it is: an item's media type and, of a file without any, the guards. */
async function createSpec(stash: Session, { items, guards }: FlagFile, replace: boolean) {
  const { body: current } = await stash.read<ItemList>('/items', { revision: 'number', items: 'list' })
  const types = new Map(current.items.map(({ key, content_type }) => [key, content_type]))
  const typed = items.map((item) => ({ content_type: types.get(item.key), ...item }))
  return {
    revision: current.revision,
    spec: { items: typed, guards: guards ?? (replace ? await readGuards(stash) : []) },
  }
}

async function readGuards(stash: Session): Promise<{ key: string; guard: object }[]> {
  const { body } = await stash.read<GuardList>('/guards', { guards: 'list' })
  return body.guards.map(({ key, version: _version, ...guard }) => ({ key, guard }))
}

const createSender =
  (stash: Session, spec: object, input: Input, revision: number) =>
  async <T>({ dry_run: dryRun, replace }: { dry_run?: 1; replace: number }): Promise<Reply<T>> => {
    const { query, headers } = toChangeCall(input)
    const call = { query: { ...query, replace }, headers: { ...headers, 'If-Match': `"${revision}"` }, body: spec }
    try {
      const path = stash.path('/import')
      if (dryRun === undefined) return await stash.change<T>('POST', path, call)
      return await stash.dryRun<T>('POST', path, call, { revision: 'number', changes: 'list', guards: 'list' })
    } catch (fault) {
      if (!(fault instanceof RefusedError) || fault.code !== 'version_conflict') throw fault
      throw new RefusedError(fault.status, {
        ...fault.facts,
        code: 'plan_outdated',
        title: 'The plan is out of date',
        detail: `It was made for revision ${revision}, and the stash is at ${String(fault.facts['current'])} now. Nothing was changed: run it again.`,
      })
    }
  }
