/** `guard`: list, get, set and delete. What a guard must look like, the service says. */
import type { ChangeReply, Guard, GuardList } from '../../api/answer-types.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import type { Input } from '../../input/input.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { bold } from '../../output/print.ts'
import { replyChange } from '../../output/reply-change.ts'
import { encodeKey } from '../../api/session.ts'

export const guard: Command = {
  usage: 'list | get <key> | set <key> <type> [limits] | set <key> --spec <json> | delete <key>',
  takes: [0, 3],
  options: {
    choices: { takes: '<a,b>', means: 'of type choice or split' },
    min: { takes: '<n>', means: 'of type number or percentage' },
    max: { takes: '<n>', means: 'of type number or percentage' },
    'safe-value': { takes: '<value>', means: 'the state to fail towards' },
    'max-for': { takes: '<1h>', means: 'it may leave the safe value for so long' },
    approvals: { takes: '<0|1>', means: '1: a change takes a second person' },
    'reason-required': { means: 'a change takes a reason' },
    spec: { takes: '<json>', means: 'the guard as JSON, instead of all these' },
    ...WRITE,
  },
  notes: 'Types: boolean, percentage, number, choice, text, email, url, json, split.',
  run(input, context) {
    const [verb = 'list', key] = input.args
    if (verb === 'list' && key === undefined) return listGuards(context)
    if (key === undefined) throw new Misuse(`Usage: switchyard guard ${guard.usage}`)
    if (verb === 'get') return getGuard(key, context)
    if (verb === 'set') return setGuard(key, input, context)
    if (verb === 'delete') return deleteGuard(key, input, context)
    throw new Misuse(`Usage: switchyard guard ${guard.usage}`)
  },
}

async function listGuards({ print, session }: Context): Promise<Exit> {
  const { body } = await session().read<GuardList>('/guards', { guards: 'list' })
  if (print.json) print.document(body)
  else if (body.guards.length === 0) print.say('No guards: any value may be written.')
  else print.table(body.guards.map(({ key, version: _version, ...spec }) => [bold(key), JSON.stringify(spec)]))
  return EXIT.done
}

async function getGuard(name: string, { print, session }: Context): Promise<Exit> {
  const { body } = await session().read<Guard>(`/guards/${encodeKey(name)}`, { key: 'string', type: 'string' })
  const { key: _, version: __, ...spec } = body
  print.document(print.json ? body : spec)
  return EXIT.done
}

async function setGuard(key: string, input: Input, { print, session }: Context): Promise<Exit> {
  const reply = await session().change<ChangeReply>('PUT', `/guards/${encodeKey(key)}`, readSpec(input), input)
  return replyChange(print, reply, `${key} is guarded`)
}

async function deleteGuard(key: string, input: Input, { print, session }: Context): Promise<Exit> {
  const reply = await session().change<ChangeReply>('DELETE', `/guards/${encodeKey(key)}`, undefined, input)
  return replyChange(print, reply, `${key} is guarded no more`)
}

/** What the service will make of it; it says itself what does not fit. */
function readSpec(input: Input): unknown {
  const spec = input.text('spec')
  const [, , type] = input.args
  if ((spec === undefined) === (type === undefined))
    throw new Misuse('A guard takes a type or --spec <json>, and not both.')
  if (spec !== undefined) return parseSpec(spec)
  const number = (name: string): number | undefined => readNumber(name, input.text(name))
  const choices = input.text('choices')?.split(',')
  return {
    type,
    choices,
    min: number('min'),
    max: number('max'),
    safe_value: input.text('safe-value'),
    max_for: input.text('max-for'),
    approvals: number('approvals'),
    ...(input.isSet('reason-required') && { reason_required: true }),
  }
}

function parseSpec(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (fault) {
    throw new Misuse(`--spec is not JSON: ${String(fault instanceof Error ? fault.message : fault)}`)
  }
}

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text.trim() === '' || !Number.isFinite(Number(text)))
    throw new Misuse(`--${name} takes a number; "${text}" is none.`)
  return Number(text)
}
