/** From what a person fills in to the stash that is made: its short name, its switches, and their guards. Pure. */
import type { Guard } from '../api/answer-types.ts'
import { isSlug } from '../state/slug.ts'
import { splitList } from '../text/marks.ts'

/** What the form holds, as it is typed. */
export type Draft = {
  name: string
  slug: string
  me: string
  services: string
  hasMaintenance: boolean
  hasOnCall: boolean
  hasTraffic: boolean
  choices: string
  needsSecond: boolean
}

export type Spec = {
  name: string
  /** '': none */
  slug: string
  me: string
  items: { key: string; value: string }[]
  guards: { key: string; guard: Guard }[]
}

export type Problem = { field: 'name' | 'slug' | 'me' | 'services' | 'choices'; text: string }

/** With three switches each: the service takes at most 1,000. */
const SERVICES_MAX = 50

/** @returns the first thing that is wrong, or the stash to make */
export function toSpec(draft: Draft): Spec | { problem: Problem } {
  const [name, slug, me] = [draft.name.trim(), draft.slug.trim(), draft.me.trim()]
  const object = (field: Problem['field'], text: string): { problem: Problem } => ({ problem: { field, text } })
  if (name === '') return object('name', 'Give the stash a name.')
  if (slug !== '' && !isSlug(slug))
    return object('slug', 'A short name has 3 to 40 of the characters a-z, 0-9 and "-", and begins with a letter.')
  if (me === '') return object('me', 'Write your name: the history shows it beside your changes.')
  if (/^(?:master|admin|stash|anonymous)$/i.test(me))
    return object('me', `The history uses "${me}" itself. Write another name.`)
  const services = parseServices(draft.services)
  if ('problem' in services) return object('services', services.problem)
  if (draft.hasTraffic) {
    const problem = findChoicesProblem(splitList(draft.choices))
    if (problem !== null) return object('choices', problem)
  }
  return { name, slug, me, ...toSwitches({ ...draft, me }, services.names) }
}

export function parseServices(text: string): { names: string[] } | { problem: string } {
  const names = splitList(text, /[\s,;]+/)
  const wrong = names.find((name) => !/^[A-Za-z0-9_-]{1,60}$/.test(name))
  if (wrong !== undefined)
    return { problem: `"${wrong.slice(0, 70)}" cannot be a service: use 1 to 60 of A-Z, a-z, 0-9, "_" and "-".` }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return { problem: `"${twice}" is there twice.` }
  if (names.length > SERVICES_MAX)
    return {
      problem: `These are ${names.length} services. At most ${SERVICES_MAX} can be made at once; add others later.`,
    }
  return { names }
}

function findChoicesProblem(choices: string[]): string | null {
  if (choices.length < 2) return 'Traffic needs at least two targets, such as "blue, green".'
  if (choices.length > 100) return 'Traffic can have at most 100 targets.'
  if (choices.some((choice) => choice.length > 200)) return 'A target has at most 200 characters.'
  const twice = choices.find((choice, index) => choices.indexOf(choice) !== index)
  return twice === undefined ? null : `"${twice}" is there twice.`
}

type Wanted = Pick<Draft, 'me' | 'hasMaintenance' | 'hasOnCall' | 'hasTraffic' | 'choices' | 'needsSecond'>

/** @param services none: each ready-made switch is made once, for all */
export function toSwitches(wanted: Wanted, services: string[]): Pick<Spec, 'items' | 'guards'> {
  const choices = splitList(wanted.choices)
  const items: Spec['items'] = []
  const guards: Spec['guards'] = []
  const add = (key: string, value: string, guard: Guard): void => {
    items.push({ key, value })
    guards.push({ key, guard })
  }
  for (const service of services.length === 0 ? [''] : services) {
    const prefix = service === '' ? '' : `${service}.`
    const what = service === '' ? 'all services' : service
    if (wanted.hasMaintenance)
      add(`${prefix}maintenance-mode`, 'false', {
        type: 'boolean',
        safe_value: 'false',
        max_for: '2h',
        about: { text: `true puts ${what} into maintenance.` },
      })
    if (wanted.hasOnCall)
      add(`${prefix}on-call`, wanted.me, {
        type: 'text',
        min_length: 1,
        max_length: 200,
        about: { text: `Who is on call for ${what}.` },
      })
    if (wanted.hasTraffic)
      add(`${prefix}traffic-target`, choices[0] ?? '', {
        type: 'choice',
        choices,
        ...(wanted.needsSecond && { approvals: 1 }),
        about: { text: `Where the traffic of ${what} goes.` },
      })
  }
  return { items, guards }
}

/** 'Shop: Production' and 'x7f3' give `shop-production-x7f3`. */
export function proposeSlug(name: string, ending: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    .slice(0, 35)
    .replace(/-+$/, '')
  return `${plain === '' ? 'stash' : plain}-${ending}`
}

/** Four characters that no person guesses at once. 252 is the last multiple of 36 below 256: so all are as likely. */
export function createEnding(): string {
  const bytes: number[] = []
  while (bytes.length < 4) bytes.push(...[...crypto.getRandomValues(new Uint8Array(8))].filter((byte) => byte < 252))
  return bytes
    .slice(0, 4)
    .map((byte) => (byte % 36).toString(36))
    .join('')
}
