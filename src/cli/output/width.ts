/**
 * How many cells of a terminal a text takes, for columns. East Asian letters and emoji take two, marks on another letter none.
 * The ranges are the large ones of Unicode's East Asian Width (W, F): a rare sign outside of them shifts its line by a cell.
 */

const WIDE =
  /[\u1100-\u115f\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f18e}\u{1f191}-\u{1f19a}\u{1f200}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f7e0}-\u{1f7eb}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Emoji_Modifier}\u200b-\u200d]/u
const PLAIN = /^[\x20-\x7e]*$/
const JOINER = '\u200d'
/** Makes the sign before it an emoji, which is wide. */
const EMOJI_SELECTOR = '\ufe0f'

/** @param text escaped: nothing in it moves the cursor */
export function countCells(text: string): number {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  let before = { sign: '', cells: 0 }
  for (const sign of text) {
    const isMore = sign === EMOJI_SELECTOR && before.cells === 1
    const own = isMore ? 1 : before.sign === JOINER || NO_WIDTH.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1
    cells += own
    before = { sign, cells: own }
  }
  return cells
}
