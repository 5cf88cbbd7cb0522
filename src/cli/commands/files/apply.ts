/**
 * `apply`: a file of flags becomes one revision. The stash itself says what would change (a dry run), and what is then
 * applied carries the revision that was planned for: whatever changed under the plan, even while the question stood on
 * the screen, turns it down.
 */
import type { Reply } from '../../../client/call.ts'
import { RefusedError } from '../../../client/errors.ts'
import type { ChangeReply, GuardList, ItemList, Preview } from '../../api/answer-types.ts'
import { TIMED, type Command, type Context } from '../../command.ts'
import type { Input } from '../../input/input.ts'
import { agree } from '../../input/confirm.ts'
import { EXIT } from '../../exit.ts'
import { readFlagFile, type FlagFile } from './flag-file.ts'
import { isEmpty, printPlan } from './plan.ts'
import { replyChange } from '../../output/reply-change.ts'
import type { Session } from '../../api/session.ts'

export const apply: Command = {
  usage: '<file>',
  takes: [1, 1],
  options: {
    yes: { means: 'do not ask' },
    check: { means: `change nothing; end with ${EXIT.differs} where it would` },
    replace: { means: 'take away what the file does not name' },
    ...TIMED,
  },
  notes: 'The file: an export, or {"flags": {"<key>": "<value>"}}; - is stdin.',
  async run(input, context) {
    const { print } = context
    const file = await readFlagFile(input.args[0] ?? '')
    const stash = context.session()
    const replace = input.isSet('replace')
    const { revision, spec } = await specOf(stash, file, replace)
    const send = sender(stash, spec, input, revision)
    const { body: plan } = await send<Preview>({ dry_run: 1, replace: Number(replace) })
    const changesNothing = isEmpty(plan)
    if (!print.json) printPlan(print, plan)
    if (changesNothing || input.isSet('check')) {
      if (print.json) print.document({ ...plan, differs: !changesNothing })
      if (changesNothing) print.say(`Nothing to do at revision ${revision}.`)
      return changesNothing ? EXIT.done : EXIT.differs
    }
    await agreeTo(context, input, plan, stash)
    const reply = await send<ChangeReply>({ replace: Number(replace) })
    return replyChange(print, reply, `Applied: ${reply.body.changed?.join(', ') ?? ''}`)
  },
}

/** What the file does not say stays as it is: an item's media type and, of a file without any, the guards. */
async function specOf(stash: Session, { items, guards }: FlagFile, replace: boolean) {
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

const sender =
  (stash: Session, spec: object, input: Input, revision: number) =>
  async <T>(query: Record<string, number>): Promise<Reply<T>> => {
    try {
      const more = { query, headers: { 'If-Match': `"${revision}"` } }
      if (query['dry_run'] === undefined) return await stash.change<T>('POST', '/import', spec, input, more)
      return await stash.preview<T>('/import', spec, input, more, {
        revision: 'number',
        changes: 'list',
        guards: 'list',
      })
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

async function agreeTo({ print }: Context, input: Input, plan: Preview, stash: Session): Promise<void> {
  if (plan.waits_for !== undefined) print.say(`It will be held: it waits for ${plan.waits_for}.`)
  if (input.isSet('yes')) return
  const count = plan.changes.length + plan.guards.length
  const question = `Apply ${count === 1 ? 'this change' : `these ${count} changes`} to ${stash.shortName}, as one revision?`
  await agree(question, { unasked: '--yes applies it, --check only looks.', declined: 'Not applied.' })
}
