/**
 * After a stash was created: the master token, shown once, the steps that are done and those that failed, and the way to the
 * switches.
 */
import { useState } from 'preact/hooks'
import { Check, TextField } from '../parts/fields/fields.tsx'
import { Secret } from '../parts/secrets/secret.tsx'
import { Name } from '../parts/text.tsx'
import { go } from '../state/route.ts'
import { keepToken } from '../state/stashes.ts'
import { creation, finishCreation, type Creation, type StepState } from './creation.ts'

export function Created({ made }: { made: Creation }) {
  const { id, slug, master, token, steps, spec } = made
  const [onDevice, setOnDevice] = useState(false)
  const isRunning = [steps.token, steps.switches].includes('running')
  const isDone = steps.switches === 'done'
  const open = (): void => {
    if (isRunning) return
    if (token !== null) keepToken(id, token, onDevice)
    creation.value = null
    go({ page: 'stash', stash: slug ?? id, view: 'switches' })
  }
  return (
    <div class="stack">
      <h1>
        <Name text={spec.name} /> is created
      </h1>
      <div role="status">
        <ul class="steps">
          <Step state="done" what="The stash" />
          <Step state={steps.token} what="Your own token" />
          <Step state={steps.switches} what={spec.items.length === 1 ? '1 switch' : `${spec.items.length} switches`} />
        </ul>
      </div>
      {!isRunning && !isDone && (
        <div role="alert">
          <Failure made={made} />
        </div>
      )}
      <section class="panel stack">
        <h2>Keep the master token safe</h2>
        <Secret
          label="Master token"
          secret={master}
          hint={
            'It is shown only now. Put it into your password manager. You need it to invite other people, and if ' +
            `your own token is lost. ${DAILY[token === null ? 'none' : 'own']}`
          }
          file={`${slug ?? id.slice(0, 8)}-master-token.txt`}
        />
      </section>
      {token !== null && (
        <Check
          label={
            <>
              Keep my token on this device
              <span class="hint own-token">
                Otherwise it is lost when this tab is closed: it is not shown anywhere, and the master token is needed
                to make another one.
              </span>
            </>
          }
          isChecked={onDevice}
          onChange={setOnDevice}
        />
      )}
      <div class="actions start">
        <button
          type="button"
          class={isDone || isRunning ? 'primary' : 'secondary'}
          aria-disabled={isRunning}
          onClick={open}
        >
          {token === null && !isRunning ? 'Open it read-only' : 'Open the switches'}
        </button>
      </div>
    </div>
  )
}

const DAILY = {
  own: 'You do not need it for daily work: your own token is kept in this tab.',
  none: 'Your own token is not made yet.',
}

const WORDS: Record<StepState, string> = {
  open: 'not done',
  running: 'working…',
  done: 'done',
  failed: 'not done',
  unknown: 'not known',
}

const Step = ({ state, what }: { state: StepState; what: string }) => (
  <li data-step={state}>
    {what}: <strong>{WORDS[state]}</strong>
  </li>
)

function Failure({ made: { steps, problem, spec } }: { made: Creation }) {
  const [me, setMe] = useState(spec.me)
  const isToken = steps.token !== 'done'
  const isUnknown = steps.token === 'unknown' || steps.switches === 'unknown'
  return (
    <form
      class={`outcome ${isUnknown ? 'unknown' : 'refused'}`}
      onSubmit={(event) => {
        event.preventDefault()
        void finishCreation(isToken ? me.trim() : undefined)
      }}
    >
      <div class="stack">
        <p>
          <strong>{describeFailure(isToken, isUnknown)}</strong>
        </p>
        <p>{problem}</p>
        <p>The stash exists, and the master token below is valid.</p>
        {steps.token === 'failed' && (
          <TextField label="Your name" name="me" required maxLength={100} dir="auto" value={me} onChange={setMe} />
        )}
        <div class="actions start">
          <button type="submit" class="primary">
            Try again
          </button>
        </div>
      </div>
    </form>
  )
}

function describeFailure(isToken: boolean, isUnknown: boolean): string {
  if (isToken)
    return isUnknown
      ? 'It is not known whether your own token was made. Without it, no switch was made.'
      : 'Your own token was not made, and so no switch was made.'
  return isUnknown
    ? 'It is not known whether the switches were made. "Try again" makes them once, in any case.'
    : 'The switches were not made. Your own token was.'
}
