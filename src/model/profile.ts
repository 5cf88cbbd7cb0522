/**
 * The manners of a stash, chosen when it is created.
 *
 * `safeguarded`: every write needs a token, nothing expires by itself, and opening a link changes nothing.
 * `wrendb`: as WrenDB does. A POST without a token may create a key (never overwrite one), a link acts
 * when it is opened, and an item lives for 30 days after its last write.
 */
export const PROFILES = ['safeguarded', 'wrendb'] as const
export type Profile = (typeof PROFILES)[number]

export const WRENDB_ITEM_LIFETIME_MS = 30 * 24 * 60 * 60_000
