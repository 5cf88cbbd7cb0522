/** What a token may be allowed to do. Without imports: the command line loads this file, and must not load zod. */
export const ABILITIES = ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens'] as const
export type Ability = (typeof ABILITIES)[number]
