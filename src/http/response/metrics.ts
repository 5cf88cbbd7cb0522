/**
 * The flags of a stash as metrics, in the OpenMetrics text format, which Prometheus reads as well. Anyone can read the values of
 * flags, so they are in it too, except those that would make a time series without bound: long values, texts and JSON.
 *
 * The families are gauges, also `switchyard_flag_info`: readers of the older text format do not know the type `info`.
 */
import type { Flag, LiveSnapshot } from '../../model/snapshot/snapshot.ts'

export const METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** A longer value is left out of the labels. */
const LABEL_VALUE_MAX_CHARS = 64
/** Types of guards whose values are free text. */
const TEXT_TYPES = new Set(['text', 'json', 'url', 'email'])

type Labels = Record<string, string>
type Sample = { labels?: Labels; value: number }
type Family = { name: string; help: string; unit?: 'seconds'; samples: Sample[] }

/** @param isFrozen whether a freeze of the whole stash is in force; `frozenSets`: how many freezes of some keys are */
export function toMetrics(snapshot: LiveSnapshot, { isFrozen, frozenSets }: { isFrozen: boolean; frozenSets: number }) {
  const flags = [...snapshot.flags.values()]
  const each = (toValue: (flag: Flag) => number | null): Sample[] =>
    flags.flatMap((flag) => {
      const value = toValue(flag)
      return value === null ? [] : [{ labels: { key: flag.key }, value }]
    })
  const families: Family[] = [
    {
      name: 'switchyard_flag_info',
      help: 'The type and the value of each flag; no value if it is a text, or longer than 64 characters.',
      samples: flags.map((flag) => ({ labels: toInfoLabels(flag), value: 1 })),
    },
    {
      name: 'switchyard_flag_value',
      help: 'The value of each flag that is a boolean (0 or 1) or a number.',
      samples: each(toNumber),
    },
    {
      name: 'switchyard_flag_safe',
      help: 'Whether the flag has the safe value of its guard; absent if it has no safe value.',
      samples: each(({ safe }) => (safe === undefined ? null : Number(safe))),
    },
    {
      name: 'switchyard_flag_changed_timestamp_seconds',
      help: 'When the value of the flag was written.',
      unit: 'seconds',
      samples: each(({ changedAt }) => (changedAt === undefined ? null : changedAt / 1_000)),
    },
    {
      name: 'switchyard_flag_until_timestamp_seconds',
      help: 'When the time-box of the flag ends; absent if it has none.',
      unit: 'seconds',
      samples: each(({ until }) => (until === undefined ? null : until / 1_000)),
    },
    {
      name: 'switchyard_frozen',
      help: 'Whether a freeze of the whole stash is in force.',
      samples: [{ value: Number(isFrozen) }],
    },
    {
      name: 'switchyard_frozen_key_sets',
      help: 'How many freezes of some keys are in force.',
      samples: [{ value: frozenSets }],
    },
    {
      name: 'switchyard_revision',
      help: 'The revision of the stash.',
      samples: [{ value: snapshot.revision }],
    },
  ]
  return `${families.map(formatFamily).join('')}# EOF\n`
}

function formatFamily({ name, help, unit, samples }: Family): string {
  const head = [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  ]
  return [...head, ...samples.map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}`), ''].join('\n')
}

function formatLabels(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** An empty label is the same as an absent one, to Prometheus. */
function toInfoLabels({ key, value, guard }: Flag): Labels {
  const isShown = value.length <= LABEL_VALUE_MAX_CHARS && !TEXT_TYPES.has(guard ?? '')
  return { key, ...(guard !== undefined && { type: guard }), ...(isShown && { value }) }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Null for a flag that is neither a boolean nor a number. A flag without a guard counts by what its text says. */
function toNumber({ value, guard }: Flag): number | null {
  if ((guard ?? 'boolean') === 'boolean' && (value === 'true' || value === 'false')) return value === 'true' ? 1 : 0
  if (guard !== undefined && guard !== 'number' && guard !== 'percentage') return null
  const number = NUMBER.test(value) ? Number(value) : NaN
  return Number.isFinite(number) ? number : null
}
