/**
 * Characters that make a text look like another one: pages, the dashboard and the command line show a mark in place of each,
 * so that it has no effect. `label.ts` refuses them in labels of tokens, joiners of emoji included.
 */

/**
 * Controls, format and private characters, halves of surrogate pairs, separators of lines, marks of direction, and other
 * characters without a glyph. Joiners and variation selectors between emoji are excepted, because they are part of the emoji.
 */
const INVISIBLE_PATTERN = String.raw`(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\ufe0f|(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))(?!\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]`

export const INVISIBLE = new RegExp(INVISIBLE_PATTERN, 'gu')

/** The same characters, blanks other than a space, and spaces at either end of the text. */
export const INVISIBLE_OR_BLANK = new RegExp(String.raw`${INVISIBLE_PATTERN}|(?! )\p{Zs}|^ +| +$`, 'gu')
