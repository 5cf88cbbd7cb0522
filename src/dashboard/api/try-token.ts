/** Tries a token before it is used: a mistyped one must not look like one that may do nothing. */
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { callApi, describeFailure, isStashMissing } from './call.ts'
import { API } from './connection.ts'

/** @returns why the token cannot be used; null: it can */
export async function findTokenObjection(stash: string, token: string): Promise<string | null> {
  try {
    await callApi({ ...API, token }, 'GET', `/stash/${stash}/token`)
    return null
  } catch (error) {
    if (error instanceof NoAnswerError) return `${error.message} Try again.`
    if (!(error instanceof RefusedError)) throw error
    if (isStashMissing(error)) return 'There is no such stash: it never existed, or was deleted.'
    return describeFailure(error)
  }
}
