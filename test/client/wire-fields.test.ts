/**
 * Both clients read the answers by hand, because neither may ship zod. This compares the names that they read with the
 * contract: a field that is renamed there must fail here, and not at a user of the client.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as z from 'zod'
import { isChangeAnswer } from '../../src/client/requests/call.ts'
import { parseFlags, parseWatchEvent } from '../../src/client/sync/flag-update.ts'
import { flags } from '../../src/wire/flag.ts'
import { changeApplied, heldReply } from '../../src/wire/safeguard.ts'
import { watchEvent } from '../../src/wire/watch.ts'

const STASH = 'ab'.repeat(32)
const reverts = { a: { at: '2026-11-26T12:00:00.000Z', to: 'false' } }
const SNAPSHOT = { type: 'snapshot', revision: 7, flags: { a: 'true' }, reverts }
const CHANGE = { type: 'change', revision: 8, changes: { a: 'true' }, reverts }
const FLAGS = { stash_id: STASH, revision: 7, flags: { a: 'true' }, reverts }
const APPLIED = { message: 'Done', revision: 7, changed: ['a'] }
const HELD = { message: 'Held', held_id: 'h', waits_for: 'time', due_at: null, expires_at: null }

const fieldsOf = (...schemas: z.ZodObject[]): string[] => schemas.flatMap(({ shape }) => Object.keys(shape))

/** By what is read: its examples, the fields that the contract has, and those without which the client cannot do. */
const ANSWERS = {
  event: { examples: [SNAPSHOT, CHANGE], has: fieldsOf(watchEvent), needs: Object.keys({ ...SNAPSHOT, ...CHANGE }) },
  flags: { examples: [FLAGS], has: fieldsOf(flags), needs: Object.keys(FLAGS) },
  change: { examples: [APPLIED, HELD], has: fieldsOf(changeApplied, heldReply), needs: ['revision', 'held_id'] },
}
type Kind = keyof typeof ANSWERS
const KINDS: Kind[] = ['event', 'flags', 'change']

afterEach(() => {
  vi.restoreAllMocks()
})

/** The names that the TypeScript client reads of the outermost object. */
function readByTypeScript(kind: Kind, text: string): string[] {
  const read = new Set<string>()
  const record = (raw: object): object =>
    new Proxy(raw, {
      get: (target, name) => {
        read.add(String(name))
        return Reflect.get(target, name) as unknown
      },
    })
  const parse = JSON.parse
  vi.spyOn(JSON, 'parse').mockImplementation((json: string) => record(parse(json) as object) as unknown)
  if (kind === 'event') parseWatchEvent(text)
  else if (kind === 'flags') parseFlags(text, STASH)
  else isChangeAnswer(JSON.parse(text))
  vi.restoreAllMocks()
  return [...read]
}

const PYTHON = `
import json, sys
sys.path.insert(0, sys.argv[1])
import switchyard
read, parse = set(), json.loads
class Recorder(dict):
    def get(self, name, default=None):
        read.add(name)
        return dict.get(self, name, default)
    def __getitem__(self, name):
        read.add(name)
        return dict.__getitem__(self, name)
switchyard.json.loads = lambda text: Recorder(parse(text))
kind, text = sys.argv[2:4]
if kind == "event": switchyard._parse_watch_event(text)
elif kind == "flags": switchyard._parse_flags(switchyard.json.loads(text), "${STASH}")
else: switchyard._parse_changed(text, "http://127.0.0.1")
print(json.dumps(sorted(read)))
`

function readByPython(kind: Kind, text: string): string[] {
  const folder = join(import.meta.dirname, '../../src/client/python')
  // What the script prints.
  return JSON.parse(execFileSync('python3', ['-Bc', PYTHON, folder, kind, text], { encoding: 'utf8' })) as string[]
}

describe.each([
  ['TypeScript', readByTypeScript],
  ['Python', readByPython],
])('the %s client', (_, readFields) => {
  it.each(KINDS)('reads fields of the contract of an answer: %s', (kind) => {
    const { examples, has, needs } = ANSWERS[kind]
    const read = new Set(examples.flatMap((example) => readFields(kind, JSON.stringify(example))))
    expect(has).toEqual(expect.arrayContaining([...read]))
    expect([...read]).toEqual(expect.arrayContaining(needs))
  })
})

describe('the examples', () => {
  it('are what the contract allows', () => {
    const parsed = [watchEvent.parse(SNAPSHOT), watchEvent.parse(CHANGE), flags.parse(FLAGS)]
    expect(parsed).toEqual([SNAPSHOT, CHANGE, FLAGS])
    expect([changeApplied.parse(APPLIED), heldReply.parse(HELD)]).toEqual([APPLIED, HELD])
  })
})
