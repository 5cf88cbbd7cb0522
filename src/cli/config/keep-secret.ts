/**
 * A secret that was just made, into its profile. Where that fails, after all that was done to make it possible, the secret
 * exists nowhere but here: it is printed on stderr, also with `-q`.
 */
import type { Printer } from '../output/print.ts'
import { codeOf, type Profile, type Reserved } from './profile-file.ts'

/** It was made, and stands on stderr. */
export class NotKept extends Error {
  override name = 'NotKept'
}

export function keepSecret(print: Printer, place: Reserved, profile: Profile): void {
  try {
    place.keep(profile)
  } catch (fault) {
    // Not with `say`: `-q` must not suppress the only copy.
    print.warn(`Stash ${profile.stash_id}, token: ${profile.token ?? 'none'}`)
    throw new NotKept(
      `It was done, but ${place.file} cannot be written (${String(codeOf(fault))}). The token above could not be kept: save this now.`,
    )
  }
}
