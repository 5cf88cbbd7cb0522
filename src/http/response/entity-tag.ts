/** Entity tags (RFC 9110 §8.8): writes a version as an entity tag, and compares tags with If-None-Match. */
export const toEtag = (version: number): string => `"${version}"`

/**
 * Whether a list of entity tags has this one. The comparison is weak, because a proxy that compresses turns our tags into weak
 * ones.
 */
export const includesTag = (header: string | null, tag: string): boolean =>
  header !== null && header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)

/**
 * Whether If-None-Match matches this tag, by naming it or by `*`. The condition is then false, and the answer to a GET is 304.
 */
export function matchesIfNoneMatch(headers: Headers, tag: string): boolean {
  const known = headers.get('If-None-Match')
  return known?.trim() === '*' || includesTag(known, tag)
}
