/** The stashes that this browser has opened: their ids, names and colours, and no token. Kept on this device. */
import { signal } from '@preact/signals'
import { isRecord } from '../../../client/requests/call.ts'
import { isStashId } from '../../api/call.ts'
import { readStored, writeStored } from './storage.ts'

/** The colours of environments, by the names that the style sheet has. */
export const COLOURS = ['red', 'orange', 'green', 'teal', 'blue', 'purple', 'pink', 'grey'] as const
export type Colour = (typeof COLOURS)[number]

/** `isChosen`: a person chose the colour. Otherwise it follows from the name. */
export type KnownStash = { id: string; slug: string | null; name: string | null; colour: Colour; isChosen: boolean }

const KEY = 'switchyard:stashes'
/** More are forgotten, the one that was opened longest ago first. */
const KEPT_MAX = 50

/** The last opened first. */
export const knownStashes = signal<KnownStash[]>(read())

function read(): KnownStash[] {
  try {
    const list: unknown = JSON.parse(readStored('device', KEY) ?? '[]')
    return Array.isArray(list) ? list.flatMap(parse).slice(0, KEPT_MAX) : []
  } catch {
    return []
  }
}

function parse(raw: unknown): KnownStash[] {
  if (!isRecord(raw)) return []
  const { id, slug, name, colour, isChosen } = raw
  if (typeof id !== 'string' || !isStashId(id)) return []
  const chosen = isChosen === true ? COLOURS.find((one) => one === colour) : undefined
  return [toKnown(id, { slug: toText(slug), name: toText(name) }, chosen)]
}

type Names = { slug: string | null; name: string | null }

/** Declarations: the list above is read before a constant down here would have its value. */
function toKnown(id: string, facts: Names, chosen: Colour | undefined): KnownStash {
  const colour = chosen ?? proposeColour(id, facts.name ?? facts.slug)
  return { id, ...facts, colour, isChosen: chosen !== undefined }
}

function toText(raw: unknown): string | null {
  return typeof raw === 'string' ? raw.slice(0, 200) : null
}

/** Production is red and staging is green by their names; others get one of the rest by their id. */
export function proposeColour(id: string, name: string | null): Colour {
  const text = (name ?? '').toLowerCase()
  if (/\b(?:prod|production|live)\b/.test(text)) return 'red'
  if (/\b(?:stag|staging|stage|test|qa|pre-?prod)\b/.test(text)) return 'green'
  if (/\b(?:dev|development|local|sandbox)\b/.test(text)) return 'grey'
  const rest = ['blue', 'teal', 'purple', 'orange', 'pink'] as const
  return rest[Number.parseInt(id.slice(0, 4), 16) % rest.length] ?? 'blue'
}

export const findKnown = (id: string): KnownStash | undefined => knownStashes.value.find((known) => known.id === id)

/** Adds the stash, or updates its names. @param first puts it before the others */
export function remember(id: string, facts: Names, first = true): void {
  if (first) forgotten.delete(id)
  if (forgotten.has(id)) return
  const before = findKnown(id)
  const next = toKnown(id, facts, before?.isChosen ? before.colour : undefined)
  if (before !== undefined && !first) {
    if (before.slug === next.slug && before.name === next.name) return
    return keep(knownStashes.value.map((known) => (known.id === id ? next : known)))
  }
  const rest = knownStashes.value.filter((known) => known.id !== id)
  keep(first ? [next, ...rest] : [...rest, next])
}

export const forget = (id: string): void => keep(knownStashes.value.filter((known) => known.id !== id))

export function setColour(id: string, colour: Colour): void {
  keep(knownStashes.value.map((known) => (known.id === id ? { ...known, colour, isChosen: true } : known)))
}

function keep(list: KnownStash[]): void {
  knownStashes.value = list.slice(0, KEPT_MAX)
  writeStored('device', KEY, JSON.stringify(knownStashes.value))
}

/** Those that another tab has taken off the list. That this tab has them open does not bring them back. */
const forgotten = new Set<string>()

// Another tab may have opened one, or forgotten one.
window.addEventListener('storage', ({ key }) => {
  if (key !== KEY) return
  const before = knownStashes.value
  knownStashes.value = read()
  for (const { id } of before) if (findKnown(id) === undefined) forgotten.add(id)
})
