/**
 * Labels of tokens. History names people by their token's label, so no two valid tokens may have the same label
 * (`isSameLabel`), and no new label may look like a name that history uses itself. The grant of a token checks its label:
 * older tokens keep theirs.
 */

/** The names that history gives to master tokens, and to actors without a token. */
const RESERVED = ['master', 'stash', 'anonymous', 'admin']

/** The sets of scripts that one word may use. Other mixtures are refused, because a name can be imitated with them. */
const SCRIPTS = [
  'Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Syriac Thaana Devanagari Bengali Gurmukhi Gujarati Oriya Tamil',
  'Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer Mongolian Ethiopic Cherokee',
]
  .join(' ')
  .split(' ')
  .map((script) => only(`\\p{Script_Extensions=${script}}`))
  .concat(
    only('\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}'),
    only('\\p{scx=Han}\\p{scx=Hangul}'),
    only('\\p{scx=Han}\\p{scx=Bopomofo}'),
  )

/** Scripts allowed beside Latin letters (UTS #39, "highly restrictive"), but not within one word: "丨" looks like "l". */
const BESIDE_LATIN = [
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}'),
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Hangul}'),
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Bopomofo}'),
]

function only(letters: string): RegExp {
  return new RegExp(`^[${letters}\\p{Script=Common}\\p{Script=Inherited}]*$`, 'u')
}

/** Characters that are invisible, or change the direction of text. The Braille blank is listed because its class is symbol. */
const INVISIBLE = /\p{C}|\p{Default_Ignorable_Code_Point}|\p{Zl}|\p{Zp}|\u2800/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** The form that is stored: full-width and other variants of a character become that character (NFKC). */
export const foldLabel = (label: string): string => label.normalize('NFKC').replace(/\s+/gu, ' ').trim()

/** Equal for labels that differ only in case, blanks or variants of characters. Upper case first: it turns "ß" into "SS". */
const toComparableName = (label: string): string => foldLabel(label).toUpperCase().toLowerCase()

export const isSameLabel = (a: string, b: string): boolean => toComparableName(a) === toComparableName(b)

/** Says what is wrong with a new label; null where it may be used. */
export function findLabelIssue(label: string): string | null {
  if (INVISIBLE.test(label)) return 'a label has no invisible, control or direction characters'
  const folded = foldLabel(label)
  if (!VISIBLE.test(folded)) return 'a label has at least one character that can be seen'
  if (!isOfOneScript(folded) && !isBesideLatin(folded))
    return 'the letters of a label are of one script, not of several'
  return looksReserved(label) ? `a label does not look like ${RESERVED.join(', ')}` : null
}

const isOfOneScript = (text: string): boolean => SCRIPTS.some((script) => script.test(text))

const isBesideLatin = (text: string): boolean =>
  BESIDE_LATIN.some((scripts) => scripts.test(text)) && text.split(/[^\p{L}\p{M}\p{N}]+/u).every(isOfOneScript)

/** Whether a reader may confuse the label with a name that history uses itself. */
export const looksReserved = (label: string): boolean => RESERVED.includes(toSkeleton(label))

/** Letters of other alphabets, digits and symbols, each before the letter of a reserved name that it looks like. */
const CONFUSABLES = new Map(
  ['аaѕsтtеeгrмmһhԁdіiıiпnоoуy', 'αaτtεeιiοoυuγyηnսuոnօoհh', '0o1ili|i5s$s@a']
    .flatMap((pairs) => pairs.match(/../gu) ?? [])
    .map((pair) => [pair.charAt(0), pair.charAt(1)]),
)

/** The label without marks, punctuation and spaces, with each confusable character replaced, and with "m" for "rn". */
function toSkeleton(label: string): string {
  const drawn = toComparableName(label.replace(new RegExp(INVISIBLE, 'gu'), ''))
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
  return Array.from(drawn, (char) => CONFUSABLES.get(char) ?? char)
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('rn', 'm')
}

/**
 * The label that history and lists show. That of a master token is always `master`. An older label that looks like a reserved
 * name is shown with the token's id.
 */
export function shownLabel(id: string, label: string, master: boolean): string {
  if (master) return 'master'
  return looksReserved(label) ? `${label} (token ${id})` : label
}
