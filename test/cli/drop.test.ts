import { describe, expect, it } from 'vitest'
import { endOf, freshCli, startOnTerminal } from '../support/cli.ts'

describe('drop, of the end of a time-box', () => {
  /** Maintenance for half an hour, and the id of its end. */
  async function freshTimeBox() {
    const fresh = await freshCli()
    await fresh.master.set('maintenance-mode', 'false')
    await fresh.master.set('maintenance-mode', 'true', 'for=30m&reason=deploy')
    const [end] = await fresh.master.held()
    return { ...fresh, id: end?.held_id ?? '' }
  }

  it('is refused where nobody can be asked, and says what would stay and how to end it now', async () => {
    const { cli, master, id } = await freshTimeBox()
    const { exit, out, err } = await cli('drop', id)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err.split('\n')).toEqual([
      expect.stringMatching(
        /^[0-9a-f]{8}: maintenance-mode goes back to false at \S.* \(in 30 min\)\. To end it now instead: switchyard maintenance off\. Without this end, maintenance-mode stays true, with no end\.$/,
      ),
      expect.stringMatching(
        /^Keep it with no end, in [0-9a-f]{8}: .* there is no terminal to ask on. --yes confirms it\.$/,
      ),
      '',
    ])
    expect(await cli.json('drop', id)).toMatchObject({ exit: 2, body: { error: { code: 'misused' } } })
    expect(await master.held()).toMatchObject([{ held_id: id }])
  })
  it('is done with --yes, and says what stays', async () => {
    const { cli, master, stash, id, label } = await freshTimeBox()
    expect(await cli('drop', id, '--yes', '--reason', 'all night')).toEqual({
      exit: 0,
      out: '',
      err: `${label}: maintenance-mode stays true, with no end\n`,
    })
    expect(await master.held()).toEqual([])
    expect(await stash.read('maintenance-mode')).toBe('true')
    expect(await master.history('limit=1')).toMatchObject([{ reason: 'all night' }])
  })
  it.each([
    ['n\n', 2, 1],
    ['y\n', 0, 0],
  ])('is asked about on a terminal: %j ends with %i', async (answer, exit, left) => {
    const { cli, master, id } = await freshTimeBox()
    const ended = await endOf(startOnTerminal(cli, 'drop', id), answer)
    expect(ended.exit).toBe(exit)
    expect(ended.out).toMatch(
      /To end it now instead: switchyard maintenance off\.\s+Without this end, maintenance-mode stays true, with no end\.[^]*Keep it with no end, in [0-9a-f]{8}\? \[y\/N\]/,
    )
    expect(await master.held()).toHaveLength(left)
  })
  it.each([
    ['a key that was not there', 'a', null, /: a is deleted at .*switchyard delete a\..*a stays 2/],
    ['a value with blanks and quotes', 'a', "it's 1", /goes back to "it's 1" at .*switchyard set a 'it'\\''s 1'\./],
    ['a value that begins as an option does', 'a', '-5', /switchyard set a -- -5\./],
    ['one with a line end', 'a', '1\n', /To end it now instead: switchyard undo 2\./],
  ])('names the command that ends it now: %s', async (_, key, before, words) => {
    const { cli, master } = await freshCli()
    await (before === null ? master.set('other', '1') : master.set(key, before))
    await master.set(key, '2', 'for=30m')
    const [end] = await master.held()
    expect(await cli('drop', end?.held_id ?? '')).toMatchObject({ exit: 2, err: expect.stringMatching(words) })
  })
  it('of several flags names them all', async () => {
    const { cli, master, label } = await freshCli()
    await master.call('PATCH', '/flags', { a: '1', b: '1' })
    await master.call('PATCH', '/flags?for=30m', { a: '2', b: '3' })
    const [end] = await master.held()
    expect(await cli('drop', end?.held_id ?? '', '--yes')).toMatchObject({
      exit: 0,
      err: `${label}: a stays 2, b stays 3, with no end\n`,
    })
  })
})
