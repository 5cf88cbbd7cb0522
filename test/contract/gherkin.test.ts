/**
 * The test suite of the OpenFeature specification: its features, through the server SDK and the OFREP provider, on a stash that
 * has its flags. What the service does not have, the list of deviations says: such a scenario must fail, so that the list stays true.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import {
  OpenFeature,
  type Client,
  type EvaluationDetails,
  type EvaluationContext,
  type FlagValue,
  type JsonValue,
} from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseFeature, runScenario, UnknownStepError, type Scenario, type StepDefinition } from '../support/gherkin.ts'
import { operatorOf } from '../support/operator.ts'
import { newStash, send, url } from '../support/service.ts'
import testFlags from '../support/openfeature/test-flags.json' with { type: 'json' }

const DOMAIN = 'gherkin'
const FEATURES = ['evaluation_v2', 'metadata', 'hooks']

/** About the SDK alone, without a request to a service. */
const OF_THE_SDK = ['@provider-status', '@evaluation-options', '@immutability']

const isOf = (scenario: Scenario, pattern: RegExp): boolean => scenario.steps.some(({ text }) => pattern.test(text))

/** What the service does not have, and by which its scenarios are known. */
const DEVIATIONS: [why: string, applies: (scenario: Scenario) => boolean][] = [
  [
    'no flag depends on attributes of the context',
    (scenario) => isOf(scenario, /"[\w-]*targeted[\w-]*"/) && isOf(scenario, /reason should be/),
  ],
  [
    'variants are named by the type of the guard',
    (scenario) => isOf(scenario, /variant should be "(?:greeting|ten|half|template)"/),
  ],
  ['metadata is the version and the revision', (scenario) => isOf(scenario, /resolved metadata/)],
  ['no flag is disabled: it is deleted', (scenario) => isOf(scenario, /"[\w-]+-disabled-flag"/)],
  ['an evaluation is a request, and not cached', (scenario) => scenario.tags.includes('@reason-codes-cached')],
]

type Row = Record<string, string>
type Seen = { stage: string; details?: EvaluationDetails<FlagValue> }
type World = {
  type: string
  key: string
  fallback: string
  context: EvaluationContext
  details: EvaluationDetails<FlagValue>
  seen: Seen[]
}

let flags: Client

/** The value of a text of a feature, by the type that it names. */
function parse(type: string, text: string): FlagValue {
  const plain = text.replaceAll('\\"', '"')
  switch (type.toLowerCase()) {
    case 'boolean':
      return plain === 'true'
    case 'string':
      return plain
    case 'object':
      return JSON.parse(plain) as JsonValue
    default:
      return Number(plain)
  }
}

const toRows = ([names = [], ...rows]: string[][]): Row[] =>
  rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])))

async function evaluate(world: World): Promise<void> {
  const { type, key, fallback, context } = world
  const given = parse(type, fallback)
  if (typeof given === 'boolean') world.details = await flags.getBooleanDetails(key, given, context)
  else if (typeof given === 'string') world.details = await flags.getStringDetails(key, given, context)
  else if (typeof given === 'number') world.details = await flags.getNumberDetails(key, given, context)
  else world.details = await flags.getObjectDetails(key, given, context)
}

const matchDetails = (world: World, details: EvaluationDetails<FlagValue> | undefined, rows: Row[]): void => {
  const fields = {
    flag_key: 'flagKey',
    value: 'value',
    variant: 'variant',
    reason: 'reason',
    error_code: 'errorCode',
  } as const
  for (const { data_type: type = '', key = '', value = '' } of rows) {
    const actual = details?.[fields[key as keyof typeof fields]]
    expect(actual, `${world.key}: ${key}`).toEqual(value === 'null' ? undefined : parse(type, value))
  }
}

const STEPS: StepDefinition<World>[] = [
  [/^a stable provider$/, () => expect(flags.providerStatus).toBe('READY')],
  [
    /^an? (\w+)-flag with key "([^"]*)" and a fallback value "(.*)"$/,
    (world, [type = '', key = '', fallback = '']) => Object.assign(world, { type, key, fallback }),
  ],
  [
    /^a context containing a key "(\w+)", with type "(\w+)" and with value "(.*)"$/,
    ({ context }, [key = '', type = '', value = '']) => Object.assign(context, { [key]: parse(type, value) }),
  ],
  [
    /^a context containing a key "(\w+)" with null value$/,
    ({ context }, [key = '']) => Object.assign(context, { [key]: null }),
  ],
  [
    /^a client with added hook$/,
    ({ seen }) =>
      flags.addHooks({
        before: () => void seen.push({ stage: 'before' }),
        after: (_, details) => void seen.push({ stage: 'after', details }),
        error: () => void seen.push({ stage: 'error' }),
        finally: (_, details) => void seen.push({ stage: 'finally', details }),
      }),
  ],
  [/^the flag was evaluated with details(?: asynchronously)?$/, evaluate],
  [/^the evaluation should complete without blocking$/, ({ details }) => expect(details).toBeDefined()],
  [
    /^the resolved details value should be "(.*)"$/,
    ({ type, details }, [text = '']) => expect(details.value).toEqual(parse(type, text)),
  ],
  [/^the reason should be "(\w+)"$/, ({ details }, [reason]) => expect(details.reason).toBe(reason)],
  [/^the error-code should be "(\w+)"$/, ({ details }, [code]) => expect(details.errorCode).toBe(code)],
  [/^the flag key should be "(.*)"$/, ({ details }, [key]) => expect(details.flagKey).toBe(key)],
  [/^the variant should be "(.*)"$/, ({ details }, [variant]) => expect(details.variant).toBe(variant)],
  [
    /^the resolved metadata should contain$/,
    ({ details }, _, table) => {
      for (const { key = '', metadata_type: type = '', value = '' } of toRows(table))
        expect(details.flagMetadata[key]).toEqual(parse(type, value))
    },
  ],
  [/^the resolved metadata is empty$/, ({ details }) => expect(details.flagMetadata).toEqual({})],
  [
    /^the "(\w+)" hook should have been executed$/,
    ({ seen }, [stage]) => expect(seen.map((one) => one.stage)).toContain(stage),
  ],
  [
    /^the "(.*)" hooks should be called with evaluation details$/,
    (world, [stages = ''], table) => {
      for (const stage of stages.split(', ')) {
        const called = world.seen.filter((one) => one.stage === stage)
        expect(called).toHaveLength(1)
        matchDetails(world, called[0]?.details, toRows(table))
      }
    },
  ],
]

beforeAll(async () => {
  const stash = await newStash()
  const items: { key: string; value: string }[] = []
  const guards: { key: string; guard: { type: string } }[] = []
  for (const [key, flag] of Object.entries(
    testFlags as Record<string, { variants: Record<string, unknown>; defaultVariant?: string | null }>,
  )) {
    const value = flag.variants[flag.defaultVariant ?? '']
    if (value === undefined) continue
    const isText = typeof value === 'string' && value !== ''
    // A value is a byte at least, so the empty text is JSON.
    const type = typeof value === 'boolean' || typeof value === 'number' ? typeof value : 'json'
    items.push({ key, value: isText ? value : JSON.stringify(value) })
    if (!isText) guards.push({ key, guard: { type } })
  }
  const imported = await operatorOf(send, stash, stash.token).call('POST', '/import', { items, guards })
  if (imported.status !== 200) throw new Error(`POST /import answered ${JSON.stringify(imported.body)}`)
  await OpenFeature.setProviderAndWait(DOMAIN, new OFREPProvider({ baseUrl: `${url}/api/stash/${stash.id}` }))
})
afterAll(() => OpenFeature.close())

const run = async (scenario: Scenario): Promise<void> => {
  flags = OpenFeature.getClient(DOMAIN)
  const world = { type: '', key: '', fallback: '', context: {}, seen: [] } as unknown as World
  await runScenario(scenario, world, STEPS).finally(() => flags.clearHooks())
}

const readFeature = (name: string): Scenario[] =>
  parseFeature(readFileSync(join(import.meta.dirname, `../support/openfeature/${name}.feature`), 'utf8'))

it('has no deviation, and leaves out no part, that the features do not have', () => {
  const all = FEATURES.flatMap(readFeature)
  expect(all.length).toBeGreaterThan(80)
  for (const [why, applies] of DEVIATIONS) expect(all.some(applies), why).toBe(true)
  for (const tag of OF_THE_SDK)
    expect(
      all.some(({ tags }) => tags.includes(tag)),
      tag,
    ).toBe(true)
})

describe.each(FEATURES)('the feature %s of the OpenFeature specification', (name) => {
  const scenarios = readFeature(name).filter(({ tags }) => !tags.some((tag) => OF_THE_SDK.includes(tag)))
  const findDeviation = (scenario: Scenario) => DEVIATIONS.find(([, applies]) => applies(scenario))?.[0]
  const kept = scenarios.filter((scenario) => findDeviation(scenario) === undefined)
  const deviating = scenarios.filter((scenario) => findDeviation(scenario) !== undefined)

  it.each(kept)('holds: $name', async (scenario) => {
    await expect(run(scenario)).resolves.toBeUndefined()
  })
  it.each(deviating.map((scenario) => [findDeviation(scenario), scenario.name, scenario] as const))(
    'does not apply, because %s: %s',
    async (_, __, scenario) => {
      const failure = await run(scenario).catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'AssertionError' })
      expect(failure).not.toBeInstanceOf(UnknownStepError)
    },
  )
})
