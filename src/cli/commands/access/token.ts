/** `token`: who else may act at the stash. Each verb is in a file of its own. */
import { WRITE, type Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { toUsage } from '../../input/arguments.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'

export const TOKEN_VERBS = ['list', 'create', 'revoke', 'rotate', 'recover']

const { reason, yes, 'dry-run': dryRun } = WRITE

export const token: Command = {
  usage: 'list | create <label> --can <abilities> | revoke <id or label> | rotate [<id or label>] | recover [--all]',
  takes: [0, 2],
  options: {
    can: { takes: '<a,b>', means: 'of create: write, approve, guard, freeze, break_glass, tokens' },
    keys: { takes: '<pattern,…>', means: 'of create: of these flags only: "checkout.*"' },
    'expires-in': { takes: '<90d>', means: 'of create: 12h, 90d, "2 weeks"; else as long as your own' },
    save: { takes: '<profile>', means: 'put the secret into a new profile, and not on stdout' },
    overlap: { takes: '<1h>', means: 'of rotate: how long the old token goes on working; else not at all' },
    all: { means: 'of recover: end all other tokens as well' },
    'show-token': { means: 'of rotate and recover: print the new token as well' },
    ...(reason && { reason }),
    ...(dryRun && { 'dry-run': dryRun }),
    ...(yes && { yes }),
  },
  examples: [
    ['switchyard token', 'all tokens; * is yours'],
    ['switchyard token create alice --can write,approve --keys "checkout.*" --expires-in 90d', 'for a person'],
    ['switchyard token create ci --can write --save ci', 'into a profile'],
    ['switchyard token revoke alice --reason "left the team"', 'end it; asks first'],
    ['switchyard token rotate --overlap 1h', 'another master token'],
    ['switchyard token rotate ci', 'another secret for ci, with the same label'],
    ['switchyard token recover', 'a lost master token: takes SWITCHYARD_ADMIN_TOKEN; asks first'],
  ],
  notes:
    'A token is shown once. rotate without a label is of the master token; a profile whose token it replaces gets the new one.',
  async run(input, context) {
    const [verb = 'list', name] = input.args
    if (!TOKEN_VERBS.includes(verb))
      throw new Misuse(
        `"token ${verb}" is unknown${askIfMeant(listNearest(verb, TOKEN_VERBS))}\n${toUsage('token', token)}`,
      )
    if (verb === 'list' && name === undefined) return (await import('./list-tokens.ts')).listTokens(context)
    if (verb === 'create' && name !== undefined)
      return (await import('./create-token.ts')).createToken(name, input, context)
    if (verb === 'revoke' && name !== undefined)
      return (await import('./revoke-token.ts')).revokeToken(name, input, context)
    if (verb === 'rotate') return (await import('./replace-token.ts')).rotateToken(name, input, context)
    if (verb === 'recover' && name === undefined)
      return (await import('./replace-token.ts')).recoverMaster(input, context)
    throw new Misuse(toUsage('token', token))
  },
}
