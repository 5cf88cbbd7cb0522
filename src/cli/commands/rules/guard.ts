/** `guard`: list, get, set and delete. The service checks what a guard may say; a mistyped type is caught here. */
import type { Guard, GuardList } from '../../api/answer-types.ts'
import { encodeKey, type Session } from '../../api/session.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { noSuchFlag, readFlags } from '../../change/find-flags.ts'
import { performChange } from '../../change/perform-change.ts'
import { WRITE, type Command, type Context } from '../../command.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { toUsage } from '../../input/arguments.ts'
import { formatDuration, parseDuration } from '../../input/duration.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import type { Input } from '../../input/input.ts'
import { bold, showValue } from '../../output/print.ts'

const TYPES = ['boolean', 'percentage', 'number', 'choice', 'text', 'email', 'url', 'json', 'split']
const VERBS = ['list', 'get', 'set', 'delete']

export const guard: Command = {
  usage: 'list | get <key> | set <key> <type> [limits] | set <key> --spec <json> | delete <key>',
  takes: [0, 3],
  options: {
    choices: { takes: '<a,b>', means: 'of type choice or split' },
    min: { takes: '<n>', means: 'of type number or percentage' },
    max: { takes: '<n>', means: 'of type number or percentage' },
    'safe-value': { takes: '<value>', means: 'the value in which nothing is unusual' },
    'max-for': { takes: '<1h>', means: 'how long it may have another value than the safe one' },
    approvals: { takes: '<0|1>', means: '1: a second person must approve a change' },
    'reason-required': { means: 'a change takes a reason' },
    about: { takes: '<text>', means: 'what the flag is for; public' },
    owner: { takes: '<who>', means: 'who is responsible for it; seen with a token' },
    runbook: { takes: '<url>', means: 'where the procedure is; seen with a token' },
    spec: { takes: '<json>', means: 'the guard as JSON, instead of all these' },
    create: { means: 'also if there is no such flag; with its safe value, it is created' },
    ...WRITE,
  },
  examples: [
    ['switchyard guard set checkout.maintenance-mode boolean --safe-value false --create', 'a new on/off switch'],
    ['switchyard guard set checkout.traffic-target choice --choices blue,green --approvals 1', 'takes two people'],
    ['switchyard guard', 'all guards'],
  ],
  notes: `Types: ${TYPES.join(', ')}.`,
  run(input, context) {
    const [verb = 'list', key, ...rest] = input.args
    if (verb === 'list' && key === undefined) return listGuards(context)
    if (!VERBS.includes(verb))
      throw new Misuse(`"guard ${verb}" is unknown${askIfMeant(listNearest(verb, VERBS))}\n${toUsage('guard', guard)}`)
    if (key === undefined || (verb !== 'set' && rest.length > 0)) throw new Misuse(toUsage('guard', guard))
    if (verb === 'get') return getGuard(key, context)
    if (verb === 'set') return setGuard(key, input, context)
    return deleteGuard(key, input, context)
  },
}

async function listGuards({ print, session }: Context): Promise<Exit> {
  const stash = session()
  const { body } = await stash.read<GuardList>('/guards', { guards: 'list' })
  const names = body.guards.map(({ key }) => key)
  print.data({ stash: stash.label, ...body }, names, () =>
    print.table(body.guards.map(({ key, version: _version, ...spec }) => [bold(key), JSON.stringify(spec)])),
  )
  if (names.length === 0) print.say(`${stash.label}: no guards; any value may be written.`)
  return EXIT.done
}

async function getGuard(name: string, { print, session }: Context): Promise<Exit> {
  const { body } = await session().read<Guard>(`/guards/${encodeKey(name)}`, { key: 'string', type: 'string' })
  const { key, version: _, ...spec } = body
  print.data(body, [key], () => print.document(spec))
  return EXIT.done
}

async function setGuard(key: string, input: Input, { print, session }: Context): Promise<Exit> {
  const stash = session()
  const spec = readSpec(input)
  const path = stash.path(`/guards/${encodeKey(key)}`)
  const known = await readFlags(stash)
  const isMissing = !known.has(key)
  if (isMissing && !input.isSet('create')) throw noSuchFlag(stash, key, known.keys(), 'create')
  const value = isMissing ? readSafeValue(spec) : undefined
  if (value !== undefined) return createGuarded(key, value, spec, input, stash, print)
  return performChange(print, stash, input, {
    method: 'PUT',
    path,
    call: { ...toReasonCall(input), body: spec },
    action: `Set the guard of ${key}`,
    done: () => `${key} is guarded`,
  })
}

/** Flag and guard as one revision: a flag that is first written away from its safe value would be refused. */
function createGuarded(
  key: string,
  value: string,
  spec: unknown,
  input: Input,
  stash: Session,
  print: Context['print'],
): Promise<Exit> {
  return performChange(print, stash, input, {
    method: 'POST',
    path: stash.path('/import'),
    call: { ...toReasonCall(input), body: { items: [{ key, value }], guards: [{ key, guard: spec }] } },
    action: `Create ${key} with the value ${showValue(value)} and a guard`,
    done: () => `${key} is ${showValue(value)}, and guarded`,
  })
}

function readSafeValue(spec: unknown): string | undefined {
  const isObject = typeof spec === 'object' && spec !== null && 'safe_value' in spec
  return isObject && typeof spec.safe_value === 'string' ? spec.safe_value : undefined
}

function deleteGuard(key: string, input: Input, { print, session }: Context): Promise<Exit> {
  const stash = session()
  return performChange(print, stash, input, {
    method: 'DELETE',
    path: stash.path(`/guards/${encodeKey(key)}`),
    call: toReasonCall(input),
    action: `Delete the guard of ${key}`,
    consequence: `Without its guard, any value can be written to ${key}, by one person and with no end.`,
    done: () => `${key} has no guard any more`,
  })
}

/** As the service takes it. It checks itself which limits fit the type. */
function readSpec(input: Input): unknown {
  const spec = input.text('spec')
  const [, , type] = input.args
  if ((spec === undefined) === (type === undefined))
    throw new Misuse('A guard takes a type or --spec <json>, and not both.')
  if (spec !== undefined) return parseSpec(spec)
  if (type !== undefined && !TYPES.includes(type))
    throw new Misuse(`There is no type "${type}"${askIfMeant(listNearest(type, TYPES))} Types: ${TYPES.join(', ')}.`)
  const number = (name: string): number | undefined => readNumber(name, input.text(name))
  const maxFor = input.text('max-for')
  const about = { text: input.text('about'), owner: input.text('owner'), runbook: input.text('runbook') }
  return {
    type,
    choices: input.text('choices')?.split(','),
    min: number('min'),
    max: number('max'),
    safe_value: input.text('safe-value'),
    max_for: maxFor === undefined ? undefined : formatDuration(parseDuration('--max-for', maxFor)),
    approvals: number('approvals'),
    ...(input.isSet('reason-required') && { reason_required: true }),
    ...(Object.values(about).some((text) => text !== undefined) && { about }),
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
    throw new Misuse(`--${name} takes a number; "${text}" is not one.`)
  return Number(text)
}
