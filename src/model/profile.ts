/**
 * The profile of a stash, chosen when it is created.
 * `safeguarded`: a caller needs a token or a link to change an item, items do not expire, and a GET of a link changes nothing.
 * `wrendb`: as in WrenDB, a POST without a token may create a key (never overwrite one), a GET of a link applies its change
 * (but approves nothing), and an item expires 30 days after its last write.
 */
export const PROFILES = ['safeguarded', 'wrendb'] as const
export type Profile = (typeof PROFILES)[number]

export const WRENDB_ITEM_LIFETIME_MS = 30 * 24 * 60 * 60_000
