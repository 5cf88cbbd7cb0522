/**
 * Labels of tokens. History names people by them, so two tokens must not look like one, and none like the names that
 * history gives to others. Checked at the grant only: older tokens keep what they have.
 */

/** What history calls those that have no token of their own label. */
const RESERVED = ['master', 'stash', 'anonymous', 'admin']

/** Scripts whose letters may stand together: several alphabets in one word are how a name is imitated. */
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

/** These may stand beside Latin letters, as UTS #39 allows at its "highly restrictive" level; but in words of their own: "丨" is drawn like "l". */
const BESIDE_LATIN = [
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}'),
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Hangul}'),
  only('\\p{scx=Latin}\\p{scx=Han}\\p{scx=Bopomofo}'),
]

function only(letters: string): RegExp {
  return new RegExp(`^[${letters}\\p{Script=Common}\\p{Script=Inherited}]*$`, 'u')
}

/** Characters that show nothing, or that turn the ones beside them round. Braille's blank is a symbol by its class. */
const UNSEEN = /\p{C}|\p{Default_Ignorable_Code_Point}|\p{Zl}|\p{Zp}|\u2800/u
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u

/** The form that is kept: full-width and other variants of a character become the character. */
export const foldLabel = (label: string): string => label.normalize('NFKC').replace(/\s+/gu, ' ').trim()

/** Equal for two labels that a reader would take for one. Upper case first, because "ß" is "SS" then. */
const nameOf = (label: string): string => foldLabel(label).toUpperCase().toLowerCase()

export const isSameLabel = (a: string, b: string): boolean => nameOf(a) === nameOf(b)

/** What is wrong with a new label, or null. */
export function findLabelIssue(label: string): string | null {
  if (UNSEEN.test(label)) return 'a label has no invisible, control or direction characters'
  const folded = foldLabel(label)
  if (!SEEN.test(folded)) return 'a label has at least one character that can be seen'
  if (!isOfOneScript(folded) && !isBesideLatin(folded))
    return 'the letters of a label are of one script, not of several'
  return looksReserved(label) ? `a label does not look like ${RESERVED.join(', ')}` : null
}

const isOfOneScript = (text: string): boolean => SCRIPTS.some((script) => script.test(text))

const isBesideLatin = (text: string): boolean =>
  BESIDE_LATIN.some((scripts) => scripts.test(text)) && text.split(/[^\p{L}\p{M}\p{N}]+/u).every(isOfOneScript)

/** Whether a reader may take it for one of the names that history gives to others. */
export const looksReserved = (label: string): boolean => RESERVED.includes(skeletonOf(label))

/** Letters of other alphabets, and digits, that are drawn like one in the names above. */
const DRAWN_LIKE = new Map(
  ['аaѕsтtеeгrмmһhԁdіiıiпnоoуy', 'αaτtεeιiοoυuγyηnսuոnօoհh', '0o1ili|i5s$s@a']
    .flatMap((pairs) => pairs.match(/../gu) ?? [])
    .map((pair) => [pair.charAt(0), pair.charAt(1)]),
)

/** Without marks, punctuation and spaces, each letter as the Latin one that it is drawn like. */
function skeletonOf(label: string): string {
  const drawn = nameOf(label.replace(new RegExp(UNSEEN, 'gu'), ''))
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
  return Array.from(drawn, (char) => DRAWN_LIKE.get(char) ?? char)
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replaceAll('rn', 'm')
}

/** What history and lists show. A master token is called so for what it is; an older label that looks like one of the names above is told apart. */
export function shownLabel(id: string, label: string, master: boolean): string {
  if (master) return 'master'
  return looksReserved(label) ? `${label} (token ${id})` : label
}
