/**
 * Equivalent mutants: mutations that change no observable behaviour, each with the reason. A room may have at most one in
 * twenty, because a longer list hides missing tests. The key is the file, the text of the line, and the mutation.
 */
export const EQUIVALENT: Record<string, string> = {
  "src/model/decide/plan.ts | const whole = intent.kind === 'import' && intent.replace ? ['*'] : [] | intent.kind === 'import' && → ":
    'no other intent has a `replace`',
  'src/stash/tables/held.ts | if (one !== null) held.push(one) | one !== null → true': 'the query selects reverts only',
  "src/stash/watch/replay.ts | if (event.type !== 'change' || bytes > REPLAY_MAX_BYTES || event.revision !== head - fresh.length) break | event.type !== 'change' || → ":
    'a recovery is read as a snapshot of the head, so its revision ends the replay, unless it is the head: then the snapshot is the right answer',
  'src/http/fast-path.ts | if (!entry || flag === undefined) return null | || → &&':
    'without a flag, the next line throws, and a fault of the fast path sends the request to the router',
  'src/http/response/page.ts | policy ??= await hashStyle() | ??= → =':
    'the policy is a hash of the page’s own style, the same each time; it is cached to save time',
  'src/edge/fetched-snapshot.ts | expected === null || (snapshot?.revision ?? -1) >= expected.revision || checkedAt > expected.at | 1 → 2':
    'no revision is below 0, so that every number below it means none',
  'src/model/snapshot/recent-events.ts | filter === null ? text : (serializeEvent(event, filter, matches) ?? []), | filter === null → false':
    'the cached text equals the event serialized again; it is cached to save time',
  "src/http/openapi/document.ts | if (name === undefined) throw new Error('a schema on the wire needs an id to be documented under') | name === undefined → false":
    'every documented schema has an id; the check is for schemas to come',
}
