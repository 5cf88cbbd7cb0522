/** Entity tags (RFC 9110 §8.8): writes a version as an entity tag, and compares tags with If-None-Match. */
export const toEtag = (version: number): string => `"${version}"`

/**
 * Whether a list of entity tags has this one. The comparison is weak, because a proxy that compresses turns our tags into weak
 * ones.
 */
export const includesTag = (header: string | null, tag: string): boolean =>
  header !== null && header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)

/** Whether If-None-Match is satisfied by this tag, so that the answer is 304: it names the tag, or is `*`. */
export function matchesIfNoneMatch(headers: Headers, tag: string): boolean {
  const known = headers.get('If-None-Match')
  return known?.trim() === '*' || includesTag(known, tag)
}
