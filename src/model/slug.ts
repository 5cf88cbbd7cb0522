/**
 * Slugs: the public name that a path may have instead of a stash's id. A slug is shorter than an id and begins with a letter, and
 * it may consist of hex digits only, so the two are told apart by their length.
 */
const SLUG = /^[a-z][a-z0-9-]{2,39}$/

export const isSlug = (text: string): boolean => SLUG.test(text)

export const SLUG_EXPECTED = '3 to 40 of the characters a-z 0-9 -, of which the first is a letter'

/** The key in KV under which readers find the id. It sorts after all ids, so that a list of the stashes ends before it. */
export const toSlugKey = (slug: string): string => `slug:${slug}`

/** The stash that a slug names. `isFinal` false: nothing was written to the stash, so the admin may take the slug from it. */
export type NamedStash = { stashId: string; isFinal: boolean }
