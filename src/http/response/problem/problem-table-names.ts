/** The rows of `problem-table.ts` on slugs: the names that paths may have instead of a stash's id. */
import type { RefusalCode } from '../../../model/refusal.ts'
import type { Problem } from './problem.ts'

type NameCode = Extract<RefusalCode, 'slug_taken' | 'slug_set' | 'names_busy'>

export const NAME_PROBLEMS = {
  slug_taken: {
    status: 409,
    title: 'The slug is taken',
    detail: ({ slug }) => `"${slug}" names another stash, or named one that was deleted. Choose another slug.`,
  },
  slug_set: {
    status: 409,
    title: 'The stash has a slug',
    detail: ({ slug }) => `It is "${slug}" for good: links and scripts have it, so it is never replaced.`,
  },
  names_busy: {
    status: 503,
    title: 'The slug cannot be looked up now',
    detail:
      "The index of the slugs did not answer, or too many unknown ones are being looked up. Try again, or use the stash's id.",
  },
} satisfies { [C in NameCode]: Problem<C> }
