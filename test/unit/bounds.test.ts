/**
 * Bounds that clients, documents or other versions of the code rely on, and those that follow from the platform. Tests of
 * their effects use the constants, so only this file notices an accidental change of a value.
 */
import { expect, it } from 'vitest'
import { ANSWER_DEADLINE_MS } from '../../src/edge/vouch-requests.ts'
import { CACHE_FRESH_MS } from '../../src/edge/fetched-snapshot.ts'
import { STASH_ID_CHARS } from '../../src/http/request/address.ts'
import { REASON_MAX_CHARS } from '../../src/wire/field.ts'
import { ISOLATE_UNREAD_MAX_BYTES, STREAM_UNREAD_MAX_BYTES } from '../../src/http/watch/backpressure.ts'
import { CLOSE } from '../../src/live/connection-manager.ts'
import { REFUSAL_STATUS } from '../../src/live/opening.ts'
import { FILTER_MAX_KEYS } from '../../src/model/snapshot/watch-event.ts'
import { CALL_DEADLINE_MS, FAILURES_MAX } from '../../src/stash/watch/hubs.ts'
import { KV_PUT_INTERVAL_MS } from '../../src/stash/publish/publisher.ts'
import { WAIT_MAX_MS } from '../../src/stash/publish/cache-purger.ts'
import { REPLAY_MAX_BYTES, REPLAY_MAX_CHANGES } from '../../src/model/snapshot/recent-events.ts'
import { BATCH_LIMITS } from '../../src/stash/watch/replay.ts'
import { LAST_USED_RESOLUTION_MS } from '../../src/stash/tables/tokens.ts'

it.each<[string, unknown, unknown]>([
  ['the age up to which a cache entry is served without a look-up', CACHE_FRESH_MS, 1_000],
  ['the deadline of a store without a cache entry', ANSWER_DEADLINE_MS, 5_000],
  ['the digits of a stash id', STASH_ID_CHARS, 64],
  ['the characters of a reason', REASON_MAX_CHARS, 500],
  ['the keys of a watch', FILTER_MAX_KEYS, 100],
  ['the unread bytes of one stream', STREAM_UNREAD_MAX_BYTES, 262_144],
  ['the unread bytes of an isolate', ISOLATE_UNREAD_MAX_BYTES, 33_554_432],
  ['the close codes of sockets', CLOSE, { done: 1000, policy: 1008, large: 1009, slow: 1013 }],
  ['the statuses of a refused opening', REFUSAL_STATUS, { full: 503, uncounted: 428, share: 429, idle: 421 }],
  ['the deadline of a call to a hub', CALL_DEADLINE_MS, 10_000],
  ['the failures of a hub before it is dropped: a quarter of an hour, and a week', FAILURES_MAX, 20 + 168],
  ['the changes and bytes of one broadcast', BATCH_LIMITS, { changes: 25, bytes: 196_608 }],
  ['the pause between puts of one key', KV_PUT_INTERVAL_MS, 1_100],
  ['the longest wait of a purge for leases', WAIT_MAX_MS, 6_000],
  ['the changes of a replay', REPLAY_MAX_CHANGES, 100],
  ['the bytes of a replay', REPLAY_MAX_BYTES, 196_608],
  ['the resolution of the last use of a token', LAST_USED_RESOLUTION_MS, 600_000],
])('%s: the documented value', (_, bound, value) => {
  expect(bound).toEqual(value)
})
