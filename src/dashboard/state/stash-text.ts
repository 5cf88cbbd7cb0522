/** Understands what a person types or pastes to name a stash: an id, a slug, or a link to any page of the dashboard. */
import { parseAddress, type Route } from './route.ts'
import { isSlug } from './slug.ts'

type Place = Extract<Route, { stash: string }>

/** @returns the place that the text names, or `problem`: what the field takes */
export function parseStashText(typed: string): Place | { problem: string } {
  const text = typed.trim()
  if (text === '') return { problem: 'Type the ID or the short name of a stash first, or paste a link.' }
  if (/^swy_/i.test(text)) return { problem: 'That is a token. Paste it into the field below, and the stash here.' }
  const name = text.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(name) || isSlug(name)) return { page: 'stash', stash: name, view: 'switches' }
  const hash = text.indexOf('#')
  const { route } = parseAddress(hash === -1 ? text : text.slice(hash))
  if ('stash' in route) return route
  return {
    problem:
      'This is not a stash. An ID has 64 of the characters 0-9 and a-f; a short name has 3 to 40 of a-z, 0-9 and "-", ' +
      'and begins with a letter; a link has #/s/ in it.',
  }
}

/** Why a token that was pasted cannot be one; null: it can. Other characters could not be sent. */
export const findTokenTypo = (token: string): string | null =>
  /[^\x21-\x7e]/.test(token) ? 'A token has no blanks and no special letters. Copy it again.' : null
