/** A picture of what one switch was over the last 24 hours: a band of its values, or a step line of its numbers. */
import { computed } from '@preact/signals'
import { useEffect, useId, useState } from 'preact/hooks'
import type { HistoryEntry } from '../../api/answer-types.ts'
import { serviceNow } from '../../api/service-time.ts'
import { listHours, toStretches, type Stretch } from './day-of-states.ts'
import type { FlagView } from '../../state/flags/flag-view.ts'
import { reachesKey, type KeyHistory } from '../history/key-history.ts'
import { now } from '../../state/signals.ts'
import type { Stash } from '../../state/stash.ts'
import { brief } from '../../text/marks.ts'
import { clock } from '../../text/words.ts'
import { Value } from '../../parts/text.tsx'

const DAY_MS = 86_400_000
/** In px. */
const HEIGHT = 56
const SHOWN_ROWS = 100
const SPOKEN = 20

/** The picture moves on once a minute. */
const minute = computed(() => Math.floor(now.value / 60_000))

type Props = {
  stash: Stash
  flag: string
  view: FlagView | undefined
  /** null: it is not known. */
  safe: string | null
  history: KeyHistory
}

export function StatesPicture({ stash, flag: key, view, safe, history }: Props) {
  void minute.value
  void history.changed.value
  const width = useWidth()
  const id = useId()
  if (history.next === undefined) return null
  const changes = toChanges(history.entries.values(), key)
  // The clock of the service may be ahead: its last change has to be in the picture all the same.
  const to = Math.max(serviceNow(), ...changes.map(({ at }) => at + 1_000))
  const from = to - DAY_MS
  const stretches = toStretches(changes, {
    from,
    to,
    current: view?.value ?? null,
    isComplete: history.next === null && reachesKey(stash, key),
    since: view?.since ?? null,
  })
  const numbers = toNumbers(stretches, view?.type)
  const drawn = { stretches, from, to, width, hatch: `url(#${id})` }
  const unknown = stretches.find(({ value }) => value === undefined)
  return (
    <figure class="states">
      <svg width="100%" height={HEIGHT + 22} role="img" aria-label={describe(stretches)}>
        <defs>
          <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <line class="hatch" x1="0" y1="0" x2="0" y2="6" />
          </pattern>
        </defs>
        {numbers === null ? <Band {...drawn} safe={safe} /> : <Steps {...drawn} numbers={numbers} />}
        <Axis from={from} to={to} width={width} />
      </svg>
      {unknown !== undefined && (
        <figcaption class="hint">
          Hatched: it is not known what it was {unknown.from <= from ? 'before' : 'until'} {clock(unknown.to)}, because
          the history that was read here does not tell it.
        </figcaption>
      )}
      <Table stretches={stretches} />
    </figure>
  )
}

function toChanges(entries: Iterable<HistoryEntry>, key: string) {
  return [...entries].flatMap(({ revision, at, changes, reverts_at: until }) =>
    changes
      .filter((change) => change.key === key)
      .map(({ before, after }) => ({
        revision,
        at: Date.parse(at),
        before,
        after,
        endsAt: until === undefined ? undefined : Date.parse(until),
      })),
  )
}

type Span = { from: number; to: number }

const toX = (at: number, { from, to }: Span): string => `${(((at - from) / (to - from)) * 100).toFixed(3)}%`
const toWidth = (stretch: Span, { from, to }: Span): string =>
  `${(((stretch.to - stretch.from) / (to - from)) * 100).toFixed(3)}%`

/** About the width of the picture, in px. */
function useWidth(): number {
  const read = (): number => Math.min(innerWidth - 64, 900)
  const [width, setWidth] = useState(read)
  useEffect(() => {
    const onResize = (): void => setWidth(read())
    window.addEventListener('resize', onResize)
    return () => window.removeEventListener('resize', onResize)
  }, [])
  return width
}

/** About how many characters fit into a stretch. */
const countChars = (stretch: Span, { from, to, width }: Drawn): number =>
  Math.floor((((stretch.to - stretch.from) / (to - from)) * width - 8) / 9)

type Drawn = Span & { width: number; hatch: string }
type DrawingProps = Drawn & { stretches: Stretch[] }

/** Where it is not known what it was, the bar is hatched. */
function Bar({ stretch, hatch, ...period }: Drawn & { stretch: Stretch }) {
  return (
    <rect
      x={toX(stretch.from, period)}
      width={toWidth(stretch, period)}
      y="0"
      height={HEIGHT}
      fill={stretch.value === undefined ? hatch : undefined}
    />
  )
}

function Band({ stretches, safe, ...period }: DrawingProps & { safe: string | null }) {
  const values = [...new Set(stretches.map(({ value }) => value))].filter((value) => typeof value === 'string')
  return (
    <>
      {stretches.map((stretch) => {
        const { value } = stretch
        const shade = toShade(value, safe, values)
        const text = value === null ? 'not there' : value
        return (
          <g key={stretch.from} class={shade}>
            <Bar stretch={stretch} {...period} />
            {text !== undefined && text.length <= countChars(stretch, period) && (
              <text x={toX((stretch.from + stretch.to) / 2, period)} y={HEIGHT / 2} text-anchor="middle" dy="0.35em">
                {brief(text)}
              </text>
            )}
          </g>
        )
      })}
    </>
  )
}

/** Shades of values that are neither the safe one nor against it. */
const SHADES = 4

function toShade(value: string | null | undefined, safe: string | null, values: string[]): string {
  if (value === undefined) return 'is-unknown'
  if (value === null) return 'is-absent'
  if (safe !== null) return value === safe ? 'is-safe' : 'is-unsafe'
  return `shade-${values.indexOf(value) % SHADES}`
}

/** The numbers of the stretches; null: they are not all numbers. */
function toNumbers(stretches: Stretch[], type: string | null | undefined): number[] | null {
  if (type !== 'number' && type !== 'percentage') return null
  const values = stretches.flatMap(({ value }) => (typeof value === 'string' ? [Number(value)] : []))
  return values.length === 0 || values.some((value) => !Number.isFinite(value)) ? null : values
}

function Steps({ stretches, numbers, ...period }: DrawingProps & { numbers: number[] }) {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  const pad = 8
  const toY = (value: number): number =>
    most === least ? HEIGHT / 2 : HEIGHT - pad - ((value - least) / (most - least)) * (HEIGHT - 2 * pad)
  return (
    <>
      <rect class="ground" x="0" y="0" width="100%" height={HEIGHT} />
      {stretches.map((stretch, i) => {
        const { value } = stretch
        if (typeof value !== 'string')
          return (
            <g key={stretch.from} class={value === null ? 'is-absent' : 'is-unknown'}>
              <Bar stretch={stretch} {...period} />
            </g>
          )
        const y = toY(Number(value))
        const before = stretches[i - 1]?.value
        const [x, end] = [toX(stretch.from, period), toX(stretch.to, period)]
        return (
          <g key={stretch.from} class="steps">
            {typeof before === 'string' && <line x1={x} x2={x} y1={toY(Number(before))} y2={y} />}
            <line x1={x} x2={end} y1={y} y2={y} />
            {value.length <= countChars(stretch, period) && (
              <text
                x={toX((stretch.from + stretch.to) / 2, period)}
                y={y < HEIGHT / 2 ? y + 16 : y - 6}
                text-anchor="middle"
              >
                {value}
              </text>
            )}
          </g>
        )
      })}
    </>
  )
}

function Axis(period: Span & { width: number }) {
  const { from, to, width } = period
  // Half of a label needs 24 px, and the last one says "now".
  const margin = ((to - from) * 24) / width
  return (
    <g class="axis">
      {listHours(from, to).map((at) => (
        <g key={at}>
          <line x1={toX(at, period)} x2={toX(at, period)} y1="0" y2={HEIGHT + 5} />
          {at > from + margin && at < to - margin * 2.2 && (
            <text x={toX(at, period)} y={HEIGHT + 18} text-anchor="middle">
              {hourText(at)}
            </text>
          )}
        </g>
      ))}
      <text x="100%" y={HEIGHT + 18} text-anchor="end">
        now
      </text>
    </g>
  )
}

const hourText = (at: number): string => `${String(new Date(at).getHours()).padStart(2, '0')}:00`

const describeValue = (value: string | null | undefined): string =>
  value === undefined ? 'not known' : value === null ? 'not there' : brief(value)

/** For people who do not see the picture. */
function describe(stretches: Stretch[]): string {
  const shown = stretches.slice(-SPOKEN)
  const states = shown.map(({ from, to, value }, i) => {
    const what = describeValue(value)
    if (i === shown.length - 1) return shown.length === 1 ? `${what} all the time` : `${what} since ${clock(from)}`
    return i === 0 ? `${what} until ${clock(to)}` : `${what} ${clock(from)} to ${clock(to)}`
  })
  const more = stretches.length - shown.length
  return `The last 24 hours: ${states.join(', ')}${more > 0 ? `, and ${more} earlier states` : ''}.`
}

function Table({ stretches }: { stretches: Stretch[] }) {
  const rows = stretches.slice(-SHOWN_ROWS).toReversed()
  return (
    <details class="more">
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ from, to, value }, i) => (
            <tr key={from}>
              <td>{i === stretches.length - 1 ? 'before' : clock(from)}</td>
              <td>{i === 0 ? 'now' : clock(to)}</td>
              <td>{typeof value === 'string' ? <Value value={value} most={60} /> : describeValue(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {stretches.length > rows.length && <p>and {stretches.length - rows.length} earlier ones</p>}
    </details>
  )
}
