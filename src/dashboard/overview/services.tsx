/** The services of a stash, as small links: how many switches each has, and how many are not normal. */
import { LinkTo } from '../parts/link-to.tsx'
import type { Stash } from '../state/stash.ts'
import type { Doubt, Service } from './summary.ts'

/** A stash may have hundreds. */
const CHIPS_MAX = 24

type Props = { stash: Stash; services: Service[]; doubt: Doubt }

export function Services({ stash, services, doubt }: Props) {
  const shown = [...services.filter(({ alerts }) => alerts > 0), ...services.filter(({ alerts }) => alerts === 0)]
  const more = services.length - CHIPS_MAX
  if (services.length === 0) return null
  return (
    <ul class="services" aria-label="Services">
      {shown.slice(0, CHIPS_MAX).map((service) => (
        <li key={service.name}>
          <ServiceChip
            address={stash.address()}
            service={service}
            isKnown={service.isKnown && (doubt === '' || doubt === 'reading')}
          />
        </li>
      ))}
      {more > 0 && (
        <li>
          <LinkTo class="service" to={{ page: 'stash', stash: stash.address(), view: 'switches' }}>
            and {more} more services
          </LinkTo>
        </li>
      )}
    </ul>
  )
}

/** @param isKnown whether "all normal" can be said */
type ChipProps = { address: string; service: Service; isKnown: boolean }

function ServiceChip({ address, service: { name, count, alerts }, isKnown }: ChipProps) {
  return (
    <LinkTo
      class={`service${alerts > 0 ? ' alert' : ''}`}
      to={{ page: 'stash', stash: address, view: 'switches' }}
      query={name === '' ? {} : { q: `${name}.` }}
    >
      <span>
        <bdi>{name === '' ? 'Other' : name}</bdi>
        {alerts > 0 && ':'}
      </span>{' '}
      {alerts > 0 ? (
        `${alerts} not normal`
      ) : (
        <>
          <span class={`tick${isKnown ? '' : ' off'}`} aria-hidden="true">
            ✓
          </span>
          {isKnown && <span class="hidden">all normal, </span>}
          {count}
        </>
      )}
    </LinkTo>
  )
}
