/**
 * Creates a stash in three steps: the stash, a token of the person, the switches. A step that is done stays done: after a
 * failure only the rest is tried again. The master token is in the memory of this page alone, until the person says that it is
 * put away.
 */
import { effect, signal } from '@preact/signals'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { determineOutcome } from '../../client/requests/outcome.ts'
import type { Ability, StashCreated, TokenCreated, TokenList } from '../api/answer-types.ts'
import { callApi, describeFailure } from '../api/call.ts'
import { API } from '../api/connection.ts'
import { createKey } from '../api/outcome.ts'
import { saveToken } from '../state/browser/credentials.ts'
import { remember } from '../state/browser/known-stashes.ts'
import { learnSlug } from '../state/stashes.ts'
import type { Spec } from './spec.ts'

/** `unknown`: sent, and there was no answer. */
export type StepState = 'open' | 'running' | 'done' | 'failed' | 'unknown'

export type Creation = {
  spec: Spec
  id: string
  slug: string | null
  master: string
  token: string | null
  steps: { token: StepState; switches: StepState }
  /** Why the step that failed did. */
  problem: string
  /** A repeat of the import with the same key is applied once. */
  importKey: string
}

/** A stash whose master token is shown, until the person goes on. */
export const creation = signal<Creation | null>(null)

/** A stash is being made: its answer has the only copy of the master token. */
const isCreating = signal(false)

const warnBeforeLeaving = (event: BeforeUnloadEvent): void => event.preventDefault()
effect(() => {
  if (creation.value === null && !isCreating.value) removeEventListener('beforeunload', warnBeforeLeaving)
  else addEventListener('beforeunload', warnBeforeLeaving)
})

/** @throws {RefusedError} @throws {NoAnswerError} if no stash was made, or if it is not known */
export async function createStash(spec: Spec, adminToken: string): Promise<void> {
  const target = adminToken === '' ? API : { ...API, token: adminToken }
  const body = { name: spec.name, ...(spec.slug !== '' && { slug: spec.slug }) }
  isCreating.value = true
  const reply = await callApi<StashCreated>(target, 'POST', '/stash', { body }).finally(
    () => (isCreating.value = false),
  )
  const { stash_id: id, master_token: master, slug } = reply.body
  if (slug !== null) learnSlug(slug, id)
  remember(id, { slug, name: spec.name })
  const steps = { token: 'open', switches: 'open' } as const
  creation.value = { spec, id, slug, master, token: null, steps, problem: '', importKey: createKey() }
  await finishCreation()
}

const update = (changes: Partial<Creation>): void => {
  if (creation.value !== null) creation.value = { ...creation.value, ...changes }
}
const setStep = (step: keyof Creation['steps'], state: StepState, problem = ''): void => {
  if (creation.value !== null) update({ steps: { ...creation.value.steps, [step]: state }, problem })
}

/** Does the steps that are not done. */
export async function finishCreation(me?: string): Promise<void> {
  if (creation.value === null) return
  if (me !== undefined) update({ spec: { ...creation.value.spec, me } })
  if (creation.value.token === null && !(await attempt('token', makeToken))) return
  if (creation.value.spec.items.length === 0) return setStep('switches', 'done')
  await attempt('switches', makeSwitches)
}

async function attempt(step: keyof Creation['steps'], act: (state: Creation) => Promise<void>): Promise<boolean> {
  const before = creation.value
  if (before === null) return false
  setStep(step, 'running')
  try {
    await act(before)
    setStep(step, 'done')
    return true
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error
    // An unknown outcome may stay unknown after a repeat that was refused.
    const outcome = determineOutcome(error, before.steps[step] === 'unknown' ? 'unknown' : 'no')
    setStep(step, outcome === 'unknown' ? 'unknown' : 'failed', describeFailure(error))
    if (outcome === 'no') update({ importKey: createKey() })
    return false
  }
}

const ALL: Ability[] = ['write', 'approve', 'guard', 'freeze', 'break_glass', 'tokens']

async function makeToken({ id, master, spec, steps }: Creation): Promise<void> {
  const target = { ...API, token: master }
  const path = `/stash/${id}/tokens`
  const grant = (): Promise<TokenCreated> =>
    callApi<TokenCreated>(target, 'POST', path, { body: { label: spec.me, can: ALL, keys: ['*'] } }).then(
      ({ body }) => body,
    )
  const { token } = await grant().catch(async (error: unknown) => {
    const isLost = steps.token === 'unknown' && error instanceof RefusedError && error.code === 'label_taken'
    if (!isLost) throw error
    // The first try was applied, and its answer was lost: that token is replaced, because its text is lost.
    const { tokens } = (await callApi<TokenList>(target, 'GET', path)).body
    const lost = tokens.find(({ master: isMaster }) => !isMaster)
    if (lost === undefined) throw error
    return (await callApi<TokenCreated>(target, 'POST', `${path}/${lost.token_id}/rotate`, { body: {} })).body
  })
  saveToken(id, token, false)
  update({ token })
}

/** With the token of the person, so that the history names them. */
async function makeSwitches({ id, importKey, spec: { items, guards } }: Creation): Promise<void> {
  const { token } = creation.value ?? { token: null }
  if (token === null) return
  await callApi({ ...API, token }, 'POST', `/stash/${id}/import`, {
    body: { items, guards },
    query: { reason: 'created' },
    headers: { 'Idempotency-Key': importKey },
  })
}
