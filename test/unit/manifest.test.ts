/** The manifests for the OpenFeature CLI: types and defaults, in the form that it pulls and in the one that it generates code from. */
import { Validator, type Schema } from '@cfworker/json-schema'
import { describe, expect, it } from 'vitest'
import { writeManifest, writeManifestFile } from '../../src/http/openfeature/manifest.ts'
import type { Flag, LiveSnapshot, Revert } from '../../src/model/snapshot/snapshot.ts'
import { manifest, manifestFile } from '../../src/wire/manifest.ts'
import { snapshotAt } from '../support/isolate.ts'
import manifestSchema from '../support/openfeature/flag-manifest.schema.json' with { type: 'json' }

const createFlag = (key: string, value: string, guard?: string, safe?: boolean): Flag => ({
  key,
  value,
  type: 'text/plain',
  version: 3,
  ...(guard !== undefined && { guard }),
  ...(safe !== undefined && { safe }),
})
const createRevert = (key: string, value: string, guard: string, safe: boolean): Revert => ({
  key,
  at: 1,
  version: 3,
  to: { value, type: 'text/plain', guard, safe },
})
const createSnapshot = (flags: Flag[], facts: Partial<LiveSnapshot> = {}): LiveSnapshot =>
  ({ ...snapshotAt(7), flags: new Map(flags.map((flag) => [flag.key, flag])), ...facts }) as LiveSnapshot

/** The type and the default of one flag; undefined where it is left out. */
function describeFlag(flag: Flag, revert?: Revert): [type: string, defaultValue: unknown] | undefined {
  const snapshot = createSnapshot([flag], { reverts: revert === undefined ? [] : [revert] })
  const [only] = manifest.strict().parse(JSON.parse(writeManifest(snapshot))).flags
  return only && [only.type, only.defaultValue]
}

const schema = new Validator(manifestSchema as Schema, '7')
const findSchemaErrors = (text: string) => schema.validate(JSON.parse(text)).errors.map(({ error }) => error)

describe('the type of a flag', () => {
  it.each<[guard: string | undefined, value: string, type: string, defaultValue: unknown]>([
    ['boolean', 'true', 'boolean', true],
    ['number', '25', 'integer', 25],
    ['number', '-3', 'integer', -3],
    ['number', '1.0', 'float', 1],
    ['number', '1e3', 'float', 1_000],
    ['number', '12345678901234567890', 'float', 12_345_678_901_234_567_000],
    ['text', 'a "b"\n\u0000', 'string', 'a "b"\n\u0000'],
    ['choice', 'eu', 'string', 'eu'],
    ['email', 'a@example.com', 'string', 'a@example.com'],
    ['url', 'https://example.com', 'string', 'https://example.com'],
    ['json', '{"dark": true}', 'object', { dark: true }],
    ['json', 'null', 'object', {}],
    ['json', ' 5', 'integer', 5],
    ['json', '5.5', 'float', 5.5],
    ['json', 'false', 'boolean', false],
    ['json', '"t"', 'string', 't'],
    ['percentage', '0', 'boolean', false],
    ['percentage', '50', 'boolean', false],
    ['percentage', '100', 'boolean', true],
    ['split', '{"blue": 1}', 'string', 'blue'],
    ['split', '{"blue": 10, "none": 0, "green": 60, "red": 30}', 'string', 'green'],
    ['split', '{"a": 1, "b": 1}', 'string', 'a'],
    [undefined, 'true', 'string', 'true'],
    [undefined, '25', 'string', '25'],
  ])('with the guard %s and the value %j is right', (guard, value, type, defaultValue) => {
    expect(describeFlag(createFlag('a', value, guard))).toEqual([type, defaultValue])
  })
  it.each([
    ['json', '[1]'],
    ['json', '{'],
    ['json', '{"a": 1e999}'],
    ['number', 'x'],
    ['split', '{}'],
  ])('with the guard %s is none for %s: the flag is left out', (guard, value) => {
    expect(describeFlag(createFlag('a', value, guard))).toBeUndefined()
  })
  it('is a float if the present value or the default is written with a fraction', () => {
    expect(describeFlag(createFlag('a', '2', 'number', false), createRevert('a', '0.5', 'number', true))).toEqual([
      'float',
      0.5,
    ])
    expect(describeFlag(createFlag('a', '0.5', 'number', false), createRevert('a', '2', 'number', true))).toEqual([
      'float',
      2,
    ])
  })
})

describe('the default of a flag', () => {
  it('is the present value, if that is the safe one', () => {
    expect(describeFlag(createFlag('a', 'true', 'boolean', true))).toEqual(['boolean', true])
    expect(describeFlag(createFlag('a', '100', 'percentage', true))).toEqual(['boolean', true])
  })
  it('of a boolean that is not safe is the other value', () => {
    expect(describeFlag(createFlag('a', 'true', 'boolean', false))).toEqual(['boolean', false])
    expect(describeFlag(createFlag('a', 'false', 'boolean', false))).toEqual(['boolean', true])
  })
  it('of a percentage whose safe value is not known is off', () => {
    expect(describeFlag(createFlag('a', '100', 'percentage', false))).toEqual(['boolean', false])
  })
  it('is the value that a time-box puts back, if that is the safe one', () => {
    const boxed = createFlag('a', 'us', 'choice', false)
    expect(describeFlag(boxed, createRevert('a', 'eu', 'choice', true))).toEqual(['string', 'eu'])
    expect(describeFlag(boxed, createRevert('a', 'asia', 'choice', false))).toEqual(['string', 'us'])
    expect(describeFlag(boxed, { ...createRevert('a', 'eu', 'choice', true), to: null })).toEqual(['string', 'us'])
    const share = createFlag('a', '5', 'percentage', false)
    expect(describeFlag(share, createRevert('a', '100', 'percentage', true))).toEqual(['boolean', true])
  })
  it('of a flag without a safe value is the present one, also in a time-box', () => {
    const revert: Revert = { key: 'a', at: 1, version: 3, to: { value: 'eu', type: 'text/plain', guard: 'choice' } }
    expect(describeFlag(createFlag('a', 'us', 'choice'), revert)).toEqual(['string', 'us'])
  })
})

const FLAGS = [
  createFlag('checkout.on', 'true', 'boolean'),
  createFlag('checkout.limit', '25', 'number'),
  createFlag('checkout.ratio', '0.5', 'number'),
  createFlag('theme', '{"dark": true}', 'json'),
  createFlag('nothing', 'null', 'json'),
  createFlag('text', 'a "b"\n\u0000', 'text'),
  createFlag('__proto__', 'x'),
  createFlag('aZ09._-', 'x'),
]

describe('writeManifestFile', () => {
  it('is valid by the published schema of the CLI', () => {
    for (const flags of [[], FLAGS]) expect(findSchemaErrors(writeManifestFile(createSnapshot(flags)))).toEqual([])
    expect(findSchemaErrors('{"flags": {"a": {"flagType": "integer", "defaultValue": 1.5}}}')).not.toEqual([])
  })
  it('has what the manifest has, by key, with the description that is public', () => {
    const snapshot = createSnapshot(FLAGS, {
      descriptions: new Map([
        ['theme', 'Colours'],
        ['gone', 'x'],
      ]),
    })
    const file = JSON.parse(writeManifestFile(snapshot)) as { flags: Record<string, object> }
    manifestFile.strict().parse(file)
    const { flags } = manifest.strict().parse(JSON.parse(writeManifest(snapshot)))
    expect(Object.entries(file.flags)).toEqual(
      flags.map(({ key, type, ...rest }) => [key, { flagType: type, ...rest }]),
    )
    expect(flags).toHaveLength(FLAGS.length)
    expect(file.flags['theme']).toEqual({ flagType: 'object', description: 'Colours', defaultValue: { dark: true } })
    expect(file.flags['text']).not.toHaveProperty('description')
  })
})
