/** The rules of a switch in words. */
import type { ComponentChildren } from 'preact'
import type { Guard } from '../../api/answer-types.ts'
import { describeLimits, nameType, toWebAddress } from '../../text/guard-words.ts'
import { durationText } from '../../text/words.ts'
import { Marked, Name, Value } from '../text.tsx'

export function GuardFactList({ guard }: { guard: Guard }) {
  const { type, safe_value: safe, max_for: longest, approvals, reason_required: needsReason, about = {} } = guard
  return (
    <dl class="facts">
      <Fact name="Type">{nameType(type)}</Fact>
      <Fact name="Values">{describeLimits(guard)}</Fact>
      <Fact name="Safe value">{safe === undefined ? 'none' : <Value value={safe} most={80} />}</Fact>
      {safe !== undefined && (
        <Fact name="Longest time away from it">{longest === undefined ? 'no limit' : durationText(longest)}</Fact>
      )}
      <Fact name="A change needs">{describeNeeds(approvals === 1, needsReason === true)}</Fact>
      {about.text !== undefined && (
        <Fact name="What it is for">
          <Name text={about.text} />
        </Fact>
      )}
      {about.owner !== undefined && (
        <Fact name="Owner">
          <Name text={about.owner} />
        </Fact>
      )}
      {about.runbook !== undefined && (
        <Fact name="Runbook">
          <WebLink address={about.runbook} />
        </Fact>
      )}
    </dl>
  )
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function describeNeeds(approval: boolean, reason: boolean): string {
  if (approval && reason) return 'a second person, and a reason'
  if (approval) return 'a second person'
  return reason ? 'a reason' : 'no approval and no reason'
}

/** Another page, which learns nothing of this one. A text that is no web address is shown as text. */
function WebLink({ address }: { address: string }) {
  const href = toWebAddress(address)
  if (href === undefined) return <Name text={address} />
  return (
    <a href={href} rel="noreferrer noopener" target="_blank">
      <bdi>
        <Marked text={address} />
      </bdi>
    </a>
  )
}
