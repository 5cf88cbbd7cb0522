/** What a line of the probe is, and what the lines measure with. */
import { quantile } from '../bench/figures.ts'
import type { ProbeLine } from '../world/constants.ts'
import type { Client, Received } from './client.ts'
import type { Stash, Subjects } from './subject.ts'

/** What answers at the URL, as far as its headers say. */
export type Place = {
  /** Whether Cloudflare brought the answers. */
  isCloudflare: boolean
  /** Cloudflare's code of the data centre; null elsewhere. */
  colo: string | null
  /** Whether a cache in front answers reads. */
  hasCache: boolean
  /** Whether the stash's object confirms reads; not with READ_MODE=kv. */
  isVouched: boolean
}

export type Probe = {
  client: Client
  subjects: Subjects
  stash: Stash
  /** A flag of the stash, which exists. */
  key: string
  place: Place
  /** Until the probe has to end. */
  leftMs(): number
}

export type Finding = {
  /** In words, with units. */
  figure: string
  how: string
  /** The same as numbers, in ms where the name says nothing else. */
  values: Record<string, number | string | boolean | null>
  /** Whether it says something about Cloudflare, and so replaces constants. */
  isKnown: boolean
}

export type Measure = (probe: Probe) => Promise<Partial<Record<ProbeLine, Finding>>>

/** A line that cannot be known here. */
export const unknown = (why: string, how: string): Finding => ({ figure: why, how, values: {}, isKnown: false })

export const LOCAL = 'not known here: no Cloudflare in front, one machine, one place'
export const NO_CACHE = 'not known here: no cache in front answers'

/** Says of figures that were measured on another machine than Cloudflare's what they are. */
export function ofPlace({ isCloudflare }: Place, finding: Finding): Finding {
  if (isCloudflare) return finding
  return { ...finding, figure: `${finding.figure} (of this machine: says nothing about Cloudflare)`, isKnown: false }
}

export const median = (numbers: number[]): number => quantile(numbers, 0.5)
/** A number in ms, to a tenth below ten. */
export const round = (ms: number): number => (Math.abs(ms) < 10 ? Math.round(ms * 10) / 10 : Math.round(ms))
export const inMs = (ms: number): string => `${round(ms)} ms`

/** Sends requests one after the other. */
export async function repeat(times: number, send: (i: number) => Promise<Received>): Promise<Received[]> {
  const answers: Received[] = []
  for (let i = 0; i < times; i++) answers.push(await send(i))
  return answers
}

export const getRevision = (answer: Received): number => Number(answer.header('Switchyard-Revision') ?? Number.NaN)
export const isUnvouched = (answer: Received): boolean =>
  (answer.header('Switchyard-Source') ?? '').includes('unvouched')
