import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { url } from '../support/service.ts'

/** A script that knows WrenDB and nothing else. `$HOST` is the only thing in it that is ours. */
const SCRIPT = String.raw`
set -eu
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
check() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "FAILED $1: wanted [$2], got [$3]"; fi; }
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

CREATED=$(curl -s -X POST "$HOST/stash")
STASH=$(echo "$CREATED" | field stash_id)
TOKEN=$(echo "$CREATED" | field master_token)
AUTH="Authorization: Bearer $TOKEN"
check "create with a name" 200 "$(status -X POST "$HOST/stash" -H 'Content-Type: application/json' -d '{"name":"ops","description":"flags"}')"

check "post creates" 200 "$(status -X POST -H "$AUTH" -d false "$HOST/item/$STASH/maintenance-mode")"
check "curl's form type is stored as it came" false "$(curl -s "$HOST/item/$STASH/maintenance-mode")"
check "and served as text" "text/plain; charset=utf-8" "$(curl -s -o /dev/null -w '%{content_type}' "$HOST/item/$STASH/maintenance-mode")"
check "post overwrites" 200 "$(status -X POST -H "$AUTH" -d true "$HOST/item/$STASH/maintenance-mode")"
check "put overwrites" 200 "$(status -X PUT -H "$AUTH" -d 'a=b&c=%20d' "$HOST/item/$STASH/maintenance-mode")"
check "nothing is parsed" 'a=b&c=%20d' "$(curl -s "$HOST/item/$STASH/maintenance-mode")"
check "put creates, without a type" 200 "$(status -X PUT -H "$AUTH" -H 'Content-Type:' -d blue "$HOST/item/$STASH/traffic-target")"
check "json comes back as it went in" '{"name": "alice",  "phone": 1}' "$(curl -s -X PUT -H "$AUTH" -H 'Content-Type: application/json' -d '{"name": "alice",  "phone": 1}' "$HOST/item/$STASH/on-call" > /dev/null; curl -s "$HOST/item/$STASH/on-call")"
check "with its type" application/json "$(curl -s -o /dev/null -w '%{content_type}' "$HOST/item/$STASH/on-call")"
check "head" 200 "$(status -I "$HOST/item/$STASH/on-call")"
check "a missing key is empty" "" "$(curl -s "$HOST/item/$STASH/nothing")"
check "and 404" 404 "$(status "$HOST/item/$STASH/nothing")"

KEY=$(curl -s -X POST -H "$AUTH" -d hello "$HOST/item/$STASH" | field key)
check "the server makes a key" hello "$(curl -s "$HOST/item/$STASH/$KEY")"
check "latest" hello "$(curl -s "$HOST/stash/$STASH/items/latest")"
check "the list has all four" 4 "$(curl -s -H "$AUTH" "$HOST/stash/$STASH/items" | sed -n 's/.*"total":\([0-9]*\).*/\1/p')"
check "the list takes a token" 401 "$(status "$HOST/stash/$STASH/items")"
check "the right one" 403 "$(status -H 'Authorization: Bearer wrong' "$HOST/stash/$STASH/items")"
check "of an existing stash" 404 "$(status -H "$AUTH" "$HOST/stash/$(echo "$STASH" | tr '0-9a-f' '1-9a-f0')/items")"
check "a write takes a token" 401 "$(status -X PUT -d x "$HOST/item/$STASH/on-call")"

for path in "item/$STASH/drain" "$STASH/drain"; do
  LINK=$(curl -s -X POST -H "$AUTH" -H 'X-Operation: upsert' -d "via $path" "$HOST/$path/presign" | field presigned_url)
  check "a link to $path is posted" 200 "$(status -X POST "$LINK")"
  check "its value is there" "via $path" "$(curl -s "$HOST/item/$STASH/drain")"
  check "it works once" 410 "$(status -X POST "$LINK")"
done

check "delete" 200 "$(status -X DELETE -H "$AUTH" "$HOST/item/$STASH/drain")"
check "is gone" 404 "$(status "$HOST/item/$STASH/drain")"
check "delete the stash" 200 "$(status -X DELETE -H "$AUTH" "$HOST/stash/$STASH")"
check "all of it is gone" 404 "$(status "$HOST/item/$STASH/on-call")"
check "for its token too" 404 "$(status -H "$AUTH" "$HOST/stash/$STASH/items")"
`

describe.each(['/api', ''])("a script written for WrenDB, under the prefix '%s'", (prefix) => {
  it('runs with only its host changed', async () => {
    const { stdout } = await promisify(execFile)('sh', ['-c', SCRIPT], { env: { ...process.env, HOST: url + prefix } })
    const lines = stdout.trim().split('\n')
    expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([])
    expect(lines.length).toBeGreaterThan(25)
  })
})
