/**
 * The present time of the service, from the `Date` of its answers: ends of time-boxes and freezes are told by its clock, and
 * the clock of a device may be wrong by minutes. Between answers it follows the clock of the device, which goes on in a laptop
 * that sleeps.
 */
import type { Reply } from '../../client/requests/call.ts'

/** Service time minus local time, in ms. */
let offsetMs = 0

/** In ms since the epoch. */
export const serviceNow = (): number => Date.now() + offsetMs

/** @param sentAt the local time before the request */
export function learnTime(headers: Reply<unknown>['headers'], sentAt: number): void {
  const date = Date.parse(headers.get('Date') ?? '')
  // With `Age` it is the time at which a cache got the answer.
  if (Number.isNaN(date) || headers.get('Age') !== null) return
  // A `Date` has whole seconds. Somewhere between the request and its answer it was the time of the service.
  const least = date - Date.now() - TOLERANCE_MS
  const most = date + 1_000 - sentAt + TOLERANCE_MS
  if (offsetMs < least || offsetMs > most) offsetMs = least <= 0 && most >= 0 ? 0 : (least + most) / 2
}

/** A clock that is right to this is used as it is. */
const TOLERANCE_MS = 1_000
