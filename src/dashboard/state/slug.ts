/** Whether the text can be a slug, the short name that paths may have instead of a stash's id. The service decides. */
export const isSlug = (text: string): boolean => /^[a-z][a-z0-9-]{2,39}$/.test(text)
