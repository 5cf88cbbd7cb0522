/**
 * An example of each operation: a command and its output, which `/docs/api` prints and the tests run. `…` stands for text that
 * differs from run to run, or is long. The top of the page describes the stash that the examples use.
 */
export type Example = { command: string; output: string }

/** By operation id. */
export const EXAMPLES: Record<string, Example> = {
  createStash: {
    command: `curl -s -X POST $URL/stash -d '{"name": "shop"}'`,
    output: `{"stash_id":"…","master_token":"swy_…","message":"Stash created. The token is shown this once: keep it.","profile":"safeguarded","created_at":"…","slug":null}`,
  },
  readStash: {
    command: `curl -s $URL/stash/$STASH`,
    output: `{"stash_id":"…","slug":null,"name":"shop","description":null,"profile":"safeguarded","revision":5,"item_count":4,"frozen":false,"frozen_until":null,"freezes":[],"freeze_reason":null,"created_at":"…"}`,
  },
  describeStash: {
    command: `curl -s -X PATCH -H "$AUTH" $URL/stash/$STASH -d '{"description": "The web shop"}'`,
    output: `{"message":"Stash described","revision":6}`,
  },
  // The example uses a master token, which is refused.
  listStashes: {
    command: `curl -s -H "$AUTH" $URL/stashes`,
    output: `{"type":"/docs#not_permitted","title":"The token may not do this","status":403,"code":"not_permitted","detail":"It takes the admin token of the deployment.","needs":"admin"}`,
  },
  deleteStash: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH`,
    output: `{"message":"Stash deleted","revision":6}`,
  },
  readFlags: {
    command: `curl -s "$URL/stash/$STASH/flags?keys=on-call,traffic-target"`,
    output: `{"stash_id":"…","revision":5,"flags":{"on-call":"erin","traffic-target":"blue"}}`,
  },
  patchFlags: {
    command: `curl -s -X PATCH -H "$AUTH" -H 'If-Match: "5"' $URL/stash/$STASH/flags -d '{"on-call": "bob", "motd": null}'`,
    output: `{"message":"Flags changed","revision":6,"changed":["on-call","motd"]}`,
  },
  watch: {
    command: `curl -sN --max-time 1 "$URL/stash/$STASH/watch?keys=on-call"`,
    output: `retry: …

id: 5
event: snapshot
data: {"type":"snapshot","revision":5,"flags":{"on-call":"erin"}}`,
  },
  readGate: {
    command: `curl -s -o /dev/null -w '%{http_code}' "$URL/gate/$STASH/traffic-target?open=blue"`,
    output: `204`,
  },
  readMetrics: {
    command: `curl -s $URL/stash/$STASH/metrics | grep on-call`,
    output: `switchyard_flag_info{key="on-call",value="erin"} 1
switchyard_flag_changed_timestamp_seconds{key="on-call"} …`,
  },
  listItems: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/items`,
    output: `{"stash_id":"…","revision":5,"total":4,"items":[{"key":"on-call","value":"erin","stash_id":"…","content_type":"…","version":2,"created_at":"…","updated_at":"…"},…]}`,
  },
  readLatest: {
    command: `curl -s $URL/stash/$STASH/items/latest`,
    output: `erin`,
  },
  readItem: {
    command: `curl -s $URL/item/$STASH/maintenance-mode`,
    output: `false`,
  },
  putItem: {
    command: `curl -s -X PUT -H "$AUTH" -d true "$URL/item/$STASH/maintenance-mode?for=30m&reason=deploy"`,
    output: `{"key":"…","message":"Item stored","revision":6,"version":6,"reverts_at":"…","revert_id":"revert-6"}`,
  },
  postItem: {
    command: `curl -s -X POST -H "$AUTH" -H 'If-None-Match: *' -d 25 $URL/item/$STASH/max-uploads`,
    output: `{"key":"max-uploads","message":"Item stored","revision":6,"version":6}`,
  },
  deleteItem: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/item/$STASH/motd`,
    output: `{"key":"motd","message":"Item deleted","revision":6}`,
  },
  createItem: {
    command: `curl -s -X POST -H "$AUTH" -d 'a note' $URL/item/$STASH`,
    output: `{"key":"…","message":"Item stored","revision":6,"version":6}`,
  },
  presign: {
    command: `curl -s -X POST -H "$AUTH" -d bob $URL/item/$STASH/on-call/presign`,
    output: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"upsert","held_id":"…"}`,
  },
  presignShort: {
    command: `curl -s -X POST -H "$AUTH" -d bob "$URL/$STASH/on-call/presign?decision=who"`,
    output: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"upsert","held_id":"…"}`,
  },
  openLink: {
    command: `curl -s "$URL/update?token=$LINK"`,
    output: `{"type":"/docs#link_not_pressed","title":"Opening a link changes nothing","status":405,"code":"link_not_pressed","detail":"Mail scanners and chat previews open links, so only POST uses one: curl -X POST \\"<url>\\"."}`,
  },
  useLink: {
    command: `curl -s -X POST "$URL/update?token=$LINK"`,
    output: `{"success":true,"id":"on-call","message":"Item stored","revision":6,"version":6}`,
  },
  openDashboard: {
    command: 'curl -s ${URL%/api}/ | head -n 1',
    output: `<!doctype html>`,
  },
  readDashboardFile: {
    command: `curl -s -o /dev/null -w '%{content_type}' $URL/dashboard/index.html`,
    output: `text/html; charset=utf-8`,
  },
  readOpenapi: {
    command: `curl -s $URL/openapi.json | head -c 18`,
    output: `{"openapi":"3.1.0"`,
  },
  readDocs: {
    command: `curl -s $URL/docs | head -n 1`,
    output: `<!doctype html>`,
  },
  readGuide: {
    command: `curl -s $URL/docs/reference/reading | head -n 1`,
    output: `<!doctype html>`,
  },
  readHealth: {
    command: `curl -s $URL/healthz`,
    output: `{"status":"ok","version":"…","isolate":"…","creation":"…"}`,
  },
  readSecurityContact: {
    command: `curl -s -o /dev/null -w '%{http_code}' $URL/.well-known/security.txt`,
    output: `404`,
  },
  listTokens: {
    command: `curl -s -H "$AUTH" "$URL/stash/$STASH/tokens"`,
    output: `{"stash_id":"…","tokens":[…,{"token_id":"…","label":"second","master":false,"can":["write","approve"],"keys":["*"],"created_at":"…","expires_at":null,"made_by":"…","holder":"…","last_used_at":null},…]}`,
  },
  readOwnToken: {
    command: `curl -s -H "$SECOND" $URL/stash/$STASH/token`,
    output: `{"token_id":"…","label":"second","master":false,"can":["write","approve"],"keys":["*"],"created_at":"…","expires_at":null,"made_by":"…","holder":"…"}`,
  },
  createToken: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens -d '{"label": "ci", "can": ["write"], "keys": ["maintenance-*"], "expires_in": "90d"}'`,
    output: `{"token_id":"…","token":"swy_…","label":"ci","can":["write"],"keys":["maintenance-*"],"expires_at":"…","message":"Token created. It is shown this once: keep it.","revision":6}`,
  },
  revokeToken: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/tokens/$TOKEN_ID`,
    output: `{"message":"Token revoked: it is no longer valid.","revision":6,"leaves":[]}`,
  },
  rotateMaster: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/rotate -d '{"overlap": "1h"}'`,
    output: `{"token_id":"…","token":"swy_…","master_token":"swy_…","old_token_until":"…","message":"New master token. It is shown this once: keep it.","revision":6}`,
  },
  rotateToken: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/$TOKEN_ID/rotate -d '{"overlap": "1h"}'`,
    output: `{"token_id":"…","token":"swy_…","label":"third","can":["write"],"keys":["*"],"expires_at":null,"old_token_until":"…","message":"Token replaced. The new one is shown this once: keep it.","revision":6}`,
  },
  // The example uses the master token, which is refused.
  recoverStash: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/recover`,
    output: `{"type":"/docs#not_permitted","title":"The token may not do this","status":403,"code":"not_permitted","detail":"It takes the admin token of the deployment.","needs":"admin"}`,
  },
  listGuards: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/guards`,
    output: `{"stash_id":"…","revision":5,"guards":[{"key":"traffic-target","version":3,"type":"choice","choices":["blue","green"],"approvals":1}]}`,
  },
  readGuard: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/guards/traffic-target`,
    output: `{"key":"traffic-target","version":3,"type":"choice","choices":["blue","green"],"approvals":1}`,
  },
  setGuard: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/guards/maintenance-mode -d '{"type": "boolean", "safe_value": "false", "max_for": "1h"}'`,
    output: `{"key":"maintenance-mode","message":"Guard set","revision":6,"version":6}`,
  },
  removeGuard: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/guards/traffic-target`,
    output: `{"key":"traffic-target","message":"Guard removed","revision":6}`,
  },
  freeze: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/freeze -d '{"keys": ["checkout.*"], "reason": "launch day"}'`,
    output: `{"message":"Frozen: changes of these keys are refused","revision":6,"keys":["checkout.*"],"until":null,"reason":"launch day","reverts":[]}`,
  },
  unfreeze: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/freeze -d '{}'; curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/freeze`,
    output: `{"message":"Frozen: changes are refused","revision":6,"keys":null,"until":null,"reason":null,"reverts":[]}
{"message":"…","revision":7,"still":[]}`,
  },
  listHeld: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/held`,
    output: `{"stash_id":"…","held":[{"held_id":"…","kind":"approval","waits_for":"approval","change":{"kind":"put","key":"traffic-target","value":"green","type":"…"},"keys":["traffic-target"],"made_by":"master","made_at":"…","reason":"drain",…},…],"next":null,"freeze":null,"freezes":[]}`,
  },
  approve: {
    command: `curl -s -X POST -H "$SECOND" $URL/stash/$STASH/held/$HELD/approve`,
    output: `{"message":"Approved and applied","revision":6,"changed":["traffic-target"]}`,
  },
  presignApproval: {
    command: `curl -s -X POST -H "$SECOND" $URL/stash/$STASH/held/$HELD/presign`,
    output: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"approve","held_id":"…"}`,
  },
  dropHeld: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/held/$HELD`,
    output: `{"message":"Dropped: the change will not be made","revision":6}`,
  },
  readHistory: {
    command: `curl -s -H "$AUTH" "$URL/stash/$STASH/history?key=on-call&limit=1"`,
    output: `{"stash_id":"…","entries":[{"revision":2,"at":"…","kind":"put","who":"master","token_id":"…","reason":"week 48","changes":[{"key":"on-call","before":"alice","after":"erin"}],"hash":"…"}],"next":2,"first":1}`,
  },
  verifyHistory: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/history/verify`,
    output: `{"stash_id":"…","valid":true,"first":1,"head":5,"failure":null,"message":"Entries 1 to 5 are unchanged since they were written."}`,
  },
  undo: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/undo -d '{"revision": 2, "reason": "not hers yet"}'`,
    output: `{"message":"Undone","revision":6,"changed":["on-call"]}`,
  },
  exportStash: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/export`,
    output: `{"format":1,"stash_id":"…","revision":5,"exported_at":"…","name":"shop","description":null,"items":[{"key":"maintenance-mode","value":"false","content_type":"…"},…],"guards":[{"key":"traffic-target","guard":{"type":"choice","choices":["blue","green"],"approvals":1}}]}`,
  },
  readStashHealth: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/health`,
    output: `{"stash_id":"…","revision":5,"at":"…","status":"ok","degraded":[],"checks":{"time_boxes":{"status":"ok","since":null,"age_s":null,"action":"Nothing to do.","overdue":0,"retried":0,"tries":0,"counts_truncated":false,"keys":[],"pending_keys":0},"held_changes":{…,"pending":2},"kv":{"status":"ok",…},"hubs":{…},"alarm":{…},"storage":{…},"history":{…}}}`,
  },
  importStash: {
    command: `curl -s -X POST -H "$AUTH" "$URL/stash/$STASH/import?dry_run=1" -d '{"items": [{"key": "on-call", "value": "carol"}]}'`,
    output: `{"message":"Nothing has changed. These are the changes that would be made","revision":5,"changed":[],"dry_run":true,"does":"import","changes":[{"key":"on-call","before":"erin","after":"carol"}],"guards":[]}`,
  },
  evaluateFlag: {
    command: `curl -s -X POST $URL/stash/$STASH/ofrep/v1/evaluate/flags/traffic-target -d '{"context": {"targetingKey": "user-1"}}'`,
    output: `{"key":"traffic-target","value":"blue","variant":"blue","reason":"STATIC","metadata":{"version":1,"revision":5}}`,
  },
  evaluateFlags: {
    command: `curl -s -X POST $URL/stash/$STASH/ofrep/v1/evaluate/flags -d '{"context": {"targetingKey": "user-1"}}'`,
    output: `{"flags":[{"key":"maintenance-mode","value":"false","variant":"default","reason":"STATIC","metadata":{"version":1}},…],"eventStreams":[{"type":"sse","url":"…","inactivityDelaySec":120}],"metadata":{}}`,
  },
  readFlagdDocument: {
    command: `curl -s $URL/stash/$STASH/flagd.json`,
    output: `{"$schema":"https://flagd.dev/schema/v0/flags.json","metadata":{"flagSetId":"…","version":"5"},"flags":{…,"traffic-target":{"state":"ENABLED","variants":{"blue":"blue"},"defaultVariant":"blue","metadata":{"version":1}}}}`,
  },
  readManifest: {
    command: `curl -s $URL/stash/$STASH/openfeature/v0/manifest`,
    output: `{"flags":[…,{"key":"traffic-target","type":"string","defaultValue":"blue"}]}`,
  },
  readManifestFile: {
    command: `curl -s $URL/stash/$STASH/openfeature/v0/manifest.json`,
    output: `{"$schema":"https://raw.githubusercontent.com/open-feature/cli/refs/heads/main/schema/v0/flag-manifest.json","flags":{…,"traffic-target":{"flagType":"string","defaultValue":"blue"}}}`,
  },
  listenForEvaluations: {
    command: `curl -sN --max-time 1 $URL/stash/$STASH/ofrep/v1/events`,
    output: `retry: …

id: 5
data: {"type":"refetchEvaluation","etag":"\\"5\\"","lastModified":…}`,
  },
}
