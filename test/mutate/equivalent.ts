/**
 * Mutations that change nothing that anybody could see, each with the reason. At most one in twenty of a room: a longer
 * list hides tests that are missing. The key is the file, the line as it stands, and the mutation.
 */
export const EQUIVALENT: Record<string, string> = {
  "src/model/plan.ts | const whole = intent.kind === 'import' && intent.replace ? ['*'] : [] | intent.kind === 'import' && → ":
    'no other intent has a `replace`',
  'src/http/response/page.ts | policy ??= await hashStyle() | ??= → =':
    'the policy is a hash of the page’s own style, the same each time; it is kept because that takes time',
  'src/edge/memo.ts | expected === null || (snapshot?.revision ?? -1) >= expected.revision || checkedAt > expected.at | 1 → 2':
    'no revision is below 0, so that every number below it stands for none',
  'src/model/watch-event.ts | const keys = values.length > 1 ? new Set(filter) : null | > → <=':
    'a list and a set have the same members; which is searched is a matter of time',
  'src/stash/replay.ts | return missed.flatMap(({ event, text }) => (filter === null ? text : (writeEvent(event, filter) ?? []))) | filter === null → false':
    'the text that is kept is the event as it would be written anew; it is kept because writing it takes time',
  "src/http/openapi/document.ts | if (name === undefined) throw new Error('a schema on the wire needs an id to be documented under') | name === undefined → false":
    'every schema that is documented has an id; the check is for the next one that is written',
}
