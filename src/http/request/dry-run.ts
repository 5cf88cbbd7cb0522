/**
 * Sends a dry run to a stash, and maps what an object of the version before answers during a deploy: that version knows only dry
 * runs of edits, decides them without the condition of an approval, and throws at others, before it commits anything.
 */
import type { Applied, Command } from '../../model/intent.ts'
import { ok, redactForAnonymous, refuse, type Result } from '../../model/refusal.ts'
import { toFaultCode } from '../faults.ts'
import { logNotice } from '../log.ts'

type Stub = { apply(command: Command): Promise<Result<Applied>> }

export async function applyDryRun(stub: Stub, command: Command): Promise<Result<Applied>> {
  const answer = await sendDryRun(stub, { ...command, dryRun: true })
  if (!answer.ok) {
    const isAnonymous = command.credential.kind === 'none' || command.credential.kind === 'link'
    return isAnonymous ? redactForAnonymous(answer.refusal) : answer
  }
  if (answer.value.does !== undefined) return answer
  // Of the version before, an import is the one dry run that its routes allowed.
  if (command.intent.kind !== 'import') return refuse({ code: 'unreachable' })
  const { held, changed } = answer.value
  return ok({ ...answer.value, does: held === undefined && changed.length > 0 ? 'import' : null })
}

/** A dry run that fails has changed nothing, so the caller is told to try again. */
async function sendDryRun(stub: Stub, command: Command): Promise<Result<Applied>> {
  try {
    return await stub.apply(command)
  } catch (fault) {
    if (toFaultCode(fault as Error) === 'overloaded') throw fault
    logNotice('fault', `a dry run failed in the object: ${String(fault)}`, 'error')
    return refuse({ code: 'unreachable' })
  }
}
