/**
 * An example of each operation, as `/docs` prints it and the tests run it: a command, and what it answers. `…` stands for
 * what differs from run to run, or would only be long. What the examples are asked of stands at the top of the page.
 */
export type Example = { command: string; answer: string }

/** By operation id. */
export const EXAMPLES: Record<string, Example> = {
  createStash: {
    command: `curl -s -X POST $URL/stash -d '{"name": "shop"}'`,
    answer: `{"stash_id":"…","master_token":"swy_…","message":"Stash created. The token is shown this once: keep it.","profile":"safeguarded","created_at":"…"}`,
  },
  readStash: {
    command: `curl -s $URL/stash/$STASH`,
    answer: `{"stash_id":"…","name":"shop","description":null,"profile":"safeguarded","revision":5,"item_count":4,"frozen":false,"frozen_until":null,"freeze_reason":null,"created_at":"…"}`,
  },
  deleteStash: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH`,
    answer: `{"message":"Stash deleted","revision":6}`,
  },
  readFlags: {
    command: `curl -s "$URL/stash/$STASH/flags?keys=on-call,traffic-target"`,
    answer: `{"stash_id":"…","revision":5,"flags":{"on-call":"erin","traffic-target":"blue"}}`,
  },
  patchFlags: {
    command: `curl -s -X PATCH -H "$AUTH" -H 'If-Match: "5"' $URL/stash/$STASH/flags -d '{"on-call": "bob", "motd": null}'`,
    answer: `{"message":"Flags changed","revision":6,"changed":["on-call","motd"]}`,
  },
  watch: {
    command: `curl -sN --max-time 1 "$URL/stash/$STASH/watch?keys=on-call"`,
    answer: `retry: …

id: 5
event: snapshot
data: {"type":"snapshot","revision":5,"flags":{"on-call":"erin"}}`,
  },
  listItems: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/items`,
    answer: `{"stash_id":"…","revision":5,"total":4,"items":[{"key":"on-call","value":"erin","stash_id":"…","content_type":"…","version":2,"created_at":"…","updated_at":"…"},…]}`,
  },
  readLatest: {
    command: `curl -s $URL/stash/$STASH/items/latest`,
    answer: `erin`,
  },
  readItem: {
    command: `curl -s $URL/item/$STASH/maintenance-mode`,
    answer: `false`,
  },
  putItem: {
    command: `curl -s -X PUT -H "$AUTH" -d true "$URL/item/$STASH/maintenance-mode?for=30m&reason=deploy"`,
    answer: `{"key":"…","message":"Item stored","revision":6,"version":6,"reverts_at":"…","revert_id":"revert-6"}`,
  },
  postItem: {
    command: `curl -s -X POST -H "$AUTH" -H 'If-None-Match: *' -d 25 $URL/item/$STASH/max-uploads`,
    answer: `{"key":"max-uploads","message":"Item stored","revision":6,"version":6}`,
  },
  deleteItem: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/item/$STASH/motd`,
    answer: `{"key":"motd","message":"Item deleted","revision":6}`,
  },
  createItem: {
    command: `curl -s -X POST -H "$AUTH" -d 'a note' $URL/item/$STASH`,
    answer: `{"key":"…","message":"Item stored","revision":6,"version":6}`,
  },
  presign: {
    command: `curl -s -X POST -H "$AUTH" -d bob $URL/item/$STASH/on-call/presign`,
    answer: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"upsert","held_id":"…"}`,
  },
  presignShort: {
    command: `curl -s -X POST -H "$AUTH" -d bob "$URL/$STASH/on-call/presign?decision=who"`,
    answer: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"upsert","held_id":"…"}`,
  },
  openLink: {
    command: `curl -s "$URL/update?token=$LINK"`,
    answer: `{"type":"/docs#link_not_pressed","title":"Opening a link changes nothing","status":405,"code":"link_not_pressed","detail":"Mail scanners and chat previews open links, so only POST uses one: curl -X POST \\"<url>\\"."}`,
  },
  useLink: {
    command: `curl -s -X POST "$URL/update?token=$LINK"`,
    answer: `{"success":true,"id":"on-call","message":"Item stored","revision":6,"version":6}`,
  },
  openDashboard: {
    command: 'curl -s ${URL%/api}/ | head -n 1',
    answer: `<!doctype html>`,
  },
  readDashboardFile: {
    command: `curl -s -o /dev/null -w '%{content_type}' $URL/dashboard/index.html`,
    answer: `text/html; charset=utf-8`,
  },
  readOpenapi: {
    command: `curl -s $URL/openapi.json | head -c 18`,
    answer: `{"openapi":"3.1.0"`,
  },
  readDocs: {
    command: `curl -s $URL/docs | head -n 1`,
    answer: `<!doctype html>`,
  },
  readHealth: {
    command: `curl -s $URL/healthz`,
    answer: `{"status":"ok","version":"…","creation":"…"}`,
  },
  readSecurityContact: {
    command: `curl -s -o /dev/null -w '%{http_code}' $URL/.well-known/security.txt`,
    answer: `404`,
  },
  listTokens: {
    command: `curl -s -H "$AUTH" "$URL/stash/$STASH/tokens"`,
    answer: `{"stash_id":"…","tokens":[…,{"token_id":"…","label":"second","master":false,"can":["write","approve"],"keys":["*"],"created_at":"…","expires_at":null,"last_used_at":null,"made_by":"…","holder":"…"},…]}`,
  },
  createToken: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens -d '{"label": "ci", "can": ["write"], "keys": ["maintenance-*"], "expires_in": "90d"}'`,
    answer: `{"token_id":"…","token":"swy_…","label":"ci","can":["write"],"keys":["maintenance-*"],"expires_at":"…","message":"Token created. It is shown this once: keep it.","revision":6}`,
  },
  revokeToken: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/tokens/$TOKEN_ID`,
    answer: `{"message":"Token revoked: it no longer counts.","revision":6,"leaves":[]}`,
  },
  rotateMaster: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/rotate -d '{"overlap": "1h"}'`,
    answer: `{"token_id":"…","token":"swy_…","master_token":"swy_…","old_token_until":"…","message":"New master token. It is shown this once: keep it.","revision":6}`,
  },
  rotateToken: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/$TOKEN_ID/rotate -d '{"overlap": "1h"}'`,
    answer: `{"token_id":"…","token":"swy_…","label":"third","can":["write"],"keys":["*"],"expires_at":null,"old_token_until":"…","message":"Token replaced. The new one is shown this once: keep it.","revision":6}`,
  },
  // With anything but the admin token.
  recoverStash: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/tokens/recover`,
    answer: `{"type":"/docs#not_permitted","title":"The token may not do this","status":403,"code":"not_permitted","detail":"It takes the admin token of the deployment.","needs":"admin"}`,
  },
  listGuards: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/guards`,
    answer: `{"stash_id":"…","revision":5,"guards":[{"key":"traffic-target","version":3,"type":"choice","choices":["blue","green"],"approvals":1}]}`,
  },
  readGuard: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/guards/traffic-target`,
    answer: `{"key":"traffic-target","version":3,"type":"choice","choices":["blue","green"],"approvals":1}`,
  },
  setGuard: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/guards/maintenance-mode -d '{"type": "boolean", "safe_value": "false", "max_for": "1h"}'`,
    answer: `{"key":"maintenance-mode","message":"Guard set","revision":6,"version":6}`,
  },
  removeGuard: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/guards/traffic-target`,
    answer: `{"key":"traffic-target","message":"Guard removed","revision":6}`,
  },
  freeze: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/freeze -d '{"reason": "launch day"}'`,
    answer: `{"message":"Frozen: nothing changes","revision":6,"until":null,"reason":"launch day","reverts":[]}`,
  },
  unfreeze: {
    command: `curl -s -X PUT -H "$AUTH" $URL/stash/$STASH/freeze -d '{}'; curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/freeze`,
    answer: `{"message":"Frozen: nothing changes","revision":6,"until":null,"reason":null,"reverts":[]}
{"message":"…","revision":7}`,
  },
  listHeld: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/held`,
    answer: `{"stash_id":"…","held":[{"held_id":"…","kind":"approval","waits_for":"approval","change":{"kind":"put","key":"traffic-target","value":"green","type":"…"},"keys":["traffic-target"],"made_by":"master","made_at":"…","reason":"drain",…},…],"next":null,"freeze":null}`,
  },
  approve: {
    command: `curl -s -X POST -H "$SECOND" $URL/stash/$STASH/held/$HELD/approve`,
    answer: `{"message":"Approved, and done","revision":6,"changed":["traffic-target"]}`,
  },
  presignApproval: {
    command: `curl -s -X POST -H "$SECOND" $URL/stash/$STASH/held/$HELD/presign`,
    answer: `{"url":"…/update?token=swl_…","presigned_url":"…/update?token=swl_…","expires_at":"…","operation":"approve","held_id":"…"}`,
  },
  dropHeld: {
    command: `curl -s -X DELETE -H "$AUTH" $URL/stash/$STASH/held/$HELD`,
    answer: `{"message":"Dropped: it will not happen","revision":6}`,
  },
  readHistory: {
    command: `curl -s -H "$AUTH" "$URL/stash/$STASH/history?key=on-call&limit=1"`,
    answer: `{"stash_id":"…","entries":[{"revision":2,"at":"…","kind":"put","who":"master","token_id":"…","reason":"week 48","changes":[{"key":"on-call","before":"alice","after":"erin"}],"hash":"…"}],"next":2,"first":1}`,
  },
  verifyHistory: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/history/verify`,
    answer: `{"stash_id":"…","valid":true,"first":1,"head":5,"failure":null,"message":"Entries 1 to 5 are what was written."}`,
  },
  undo: {
    command: `curl -s -X POST -H "$AUTH" $URL/stash/$STASH/undo -d '{"revision": 2, "reason": "not hers yet"}'`,
    answer: `{"message":"Undone","revision":6,"changed":["on-call"]}`,
  },
  exportStash: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/export`,
    answer: `{"format":1,"stash_id":"…","revision":5,"exported_at":"…","name":"shop","description":null,"items":[{"key":"maintenance-mode","value":"false","content_type":"…"},…],"guards":[{"key":"traffic-target","guard":{"type":"choice","choices":["blue","green"],"approvals":1}}]}`,
  },
  readStashHealth: {
    command: `curl -s -H "$AUTH" $URL/stash/$STASH/health`,
    answer: `{"stash_id":"…","revision":5,"at":"…","status":"ok","degraded":[],"checks":{"time_boxes":{"status":"ok","since":null,"age_s":null,"action":"Nothing to do.","overdue":0,"retried":0,"tries":0,"counts_truncated":false,"keys":[],"pending_keys":0},"held_changes":{…,"pending":2},"kv":{"status":"ok",…},"hubs":{…},"alarm":{…},"storage":{…},"history":{…}}}`,
  },
  importStash: {
    command: `curl -s -X POST -H "$AUTH" "$URL/stash/$STASH/import?dry_run=1" -d '{"items": [{"key": "on-call", "value": "carol"}]}'`,
    answer: `{"message":"Nothing has changed: this is what would","revision":5,"changed":[],"dry_run":true,"changes":[{"key":"on-call","before":"erin","after":"carol"}],"guards":[]}`,
  },
  evaluateFlag: {
    command: `curl -s -X POST $URL/stash/$STASH/ofrep/v1/evaluate/flags/traffic-target -d '{"context": {"targetingKey": "user-1"}}'`,
    answer: `{"key":"traffic-target","value":"blue","variant":"blue","reason":"STATIC","metadata":{"version":1,"revision":5}}`,
  },
  evaluateFlags: {
    command: `curl -s -X POST $URL/stash/$STASH/ofrep/v1/evaluate/flags -d '{"context": {"targetingKey": "user-1"}}'`,
    answer: `{"flags":[{"key":"maintenance-mode","value":"false","variant":"default","reason":"STATIC","metadata":{"version":1}},…],"eventStreams":[{"type":"sse","url":"…","inactivityDelaySec":120}],"metadata":{}}`,
  },
  listenForEvaluations: {
    command: `curl -sN --max-time 1 $URL/stash/$STASH/ofrep/v1/events`,
    answer: `retry: …

id: 5
data: {"type":"refetchEvaluation","etag":"\\"5\\"","lastModified":…}`,
  },
}
