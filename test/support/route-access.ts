/** What each operation answers to each caller: the status, and the code of the problem. */
export const CALLERS = ['none', 'wrong', 'limited', 'master', 'admin'] as const

type Row = [none: string, wrong: string, limited: string, master: string, admin: string]

const all = (answer: string): Row => [answer, answer, answer, answer, answer]

/** A route that looks at no credential. */
const PUBLIC = all('200')
const [MISSING, WRONG, NOT_PERMITTED] = ['401 token_missing', '403 invalid_token', '403 not_permitted']
/** A route for every token of the stash. To a stash, the admin token is a wrong one unless the route takes it. */
const ANY_TOKEN: Row = [MISSING, WRONG, '200', '200', WRONG]
/** A route for tokens that reach every key, or that have an ability which the limited token does not have. */
const WIDE_TOKEN: Row = [MISSING, WRONG, NOT_PERMITTED, '200', WRONG]
const WIDE_TOKEN_OR_ADMIN: Row = [MISSING, WRONG, NOT_PERMITTED, '200', '200']

/** By operation id, in the order of CALLERS. The limited token can write the keys `shop.*`. */
export const ROUTE_ACCESS: Record<string, Row> = {
  // With an ADMIN_TOKEN set, it is the one that creates stashes.
  createStash: [MISSING, WRONG, WRONG, WRONG, '200'],
  listStashes: [MISSING, NOT_PERMITTED, NOT_PERMITTED, NOT_PERMITTED, '200'],
  describeStash: WIDE_TOKEN_OR_ADMIN,
  readStash: PUBLIC,
  readLatest: PUBLIC,
  readFlags: PUBLIC,
  watch: PUBLIC,
  readItem: PUBLIC,
  useLink: PUBLIC,
  readDashboardFile: PUBLIC,
  readOpenapi: PUBLIC,
  readDocs: PUBLIC,
  readGuide: PUBLIC,
  readHealth: PUBLIC,
  readMetrics: PUBLIC,
  evaluateFlag: PUBLIC,
  evaluateFlags: PUBLIC,
  listenForEvaluations: PUBLIC,
  readFlagdDocument: PUBLIC,
  readManifest: PUBLIC,
  readManifestFile: PUBLIC,
  deleteStash: WIDE_TOKEN_OR_ADMIN,
  freeze: WIDE_TOKEN_OR_ADMIN,
  listItems: ANY_TOKEN,
  patchFlags: ANY_TOKEN,
  putItem: ANY_TOKEN,
  postItem: ANY_TOKEN,
  deleteItem: ANY_TOKEN,
  presign: ANY_TOKEN,
  presignShort: ANY_TOKEN,
  listGuards: ANY_TOKEN,
  readGuard: ANY_TOKEN,
  listHeld: ANY_TOKEN,
  readHistory: ANY_TOKEN,
  importStash: ANY_TOKEN,
  readStashHealth: ANY_TOKEN,
  readGate: all('204'),
  createItem: WIDE_TOKEN,
  readOwnToken: ANY_TOKEN,
  listTokens: WIDE_TOKEN,
  createToken: WIDE_TOKEN,
  revokeToken: WIDE_TOKEN,
  rotateMaster: WIDE_TOKEN,
  rotateToken: WIDE_TOKEN,
  setGuard: WIDE_TOKEN,
  removeGuard: WIDE_TOKEN,
  dropHeld: WIDE_TOKEN,
  verifyHistory: WIDE_TOKEN,
  exportStash: WIDE_TOKEN,
  // The credential of a link is the token in its URL.
  openLink: all('405 link_not_pressed'),
  // The dashboard is at the root alone, and the requests go to `/api`.
  openDashboard: all('404 route_not_found'),
  readSecurityContact: all('404 route_not_found'),
  recoverStash: [MISSING, WRONG, NOT_PERMITTED, NOT_PERMITTED, '200'],
  unfreeze: [MISSING, WRONG, NOT_PERMITTED, '404 not_frozen', '404 not_frozen'],
  // The master token made the request.
  approve: [MISSING, WRONG, NOT_PERMITTED, '403 own_request', WRONG],
  presignApproval: [MISSING, WRONG, NOT_PERMITTED, '403 own_request', WRONG],
  // The undone revision has a key whose guard requires an approval.
  undo: [MISSING, WRONG, NOT_PERMITTED, '202', WRONG],
}
