import { describe, expect, it } from 'vitest'
import { countCells } from '../../src/cli/output/width.ts'

describe('countCells', () => {
  it.each([
    ['', 0],
    ['plain text', 10],
    ['→ “quoted” … ·', 14],
    ['naïve', 5],
    ['nai\u0308ve', 5],
    ['山田', 4],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['✅ ok', 5],
    ['👍', 2],
    ['👍🏽', 2],
    ['❤', 1],
    ['❤\ufe0f', 2],
    ['👩\u200d👩\u200d👧', 2],
    ['🇩🇪', 2],
    ['𠮷', 2],
  ])('%j takes %i', (text, cells) => {
    expect(countCells(text)).toBe(cells)
  })
})
