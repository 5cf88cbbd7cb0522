/**
 * Parses `?keys=a,b,checkout.*`: keys and patterns. Anyone may send such a list, so its patterns are limited in number, and runs
 * of `*` are collapsed.
 */
import { collapseStars, isPattern, LIST_MAX_PATTERNS } from '../../model/access/key-matcher.ts'
import { patternSchema } from '../../model/access/pattern.ts'
import { isKey } from '../../model/item.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'

/**
 * Returns each entry once; null where the parameter is absent.
 * @param most how many entries the route takes; the platform limits the length of a URL besides
 */
export function parseKeys(text: string | undefined, most = Infinity): Result<string[] | null> {
  if (text === undefined) return ok(null)
  const entries = text.split(',')
  const isAllowed =
    entries.length <= most && entries.filter(isPattern).length <= LIST_MAX_PATTERNS && entries.every(isEntry)
  if (isAllowed) return ok([...new Set(entries.map(collapseStars))])
  const limit = most === Infinity ? '' : `at most ${most} `
  const expected = `${limit}keys and patterns such as checkout.*, separated by commas; at most ${LIST_MAX_PATTERNS} of them patterns`
  return refuse({ code: 'invalid_query', parameter: 'keys', expected })
}

const isEntry = (text: string): boolean => (isPattern(text) ? patternSchema.safeParse(text).success : isKey(text))
