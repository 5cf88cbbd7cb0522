/** Reads the tokens of a stash: once it is shown, and after each change of the stash. */
import { useEffect, useState } from 'preact/hooks'
import type { Token, TokenList } from '../../api/answer-types.ts'
import type { Stash } from '../../state/stash.ts'

export type Tokens = {
  /** null: they were not read yet. */
  list: Token[] | null
  problem: string
  reload(): void
}

export function useTokens(stash: Stash): Tokens {
  const [list, setList] = useState<Token[] | null>(null)
  const [problem, setProblem] = useState('')
  const [times, setTimes] = useState(0)
  const { token, content } = stash
  const mayList = content.me !== null && stash.may('tokens')
  useEffect(() => {
    if (!mayList) return setList(null)
    let isCurrent = true
    void readTokens(stash).then((found) => {
      if (!isCurrent) return
      if (found !== null) setList(found)
      setProblem(found === null ? 'The tokens could not be read.' : '')
      return undefined
    })
    return () => {
      isCurrent = false
    }
  }, [stash, token, mayList, content.revision, times])
  return { list, problem, reload: () => setTimes((before) => before + 1) }
}

/** null: they could not be read. */
async function readTokens(stash: Stash): Promise<Token[] | null> {
  const session = stash.session()
  try {
    const { body } = await session.call<TokenList>('GET', session.path('/tokens'))
    return body.tokens
  } catch {
    return null
  }
}
