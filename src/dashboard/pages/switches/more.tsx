/** Draws more rows when the end of the list comes near, or when it is pressed. */
import { useEffect, useRef } from 'preact/hooks'

export function More({ count, show }: { count: number; show(): void }) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && show(), {
      rootMargin: '600px',
    })
    if (button.current) observer.observe(button.current)
    return () => observer.disconnect()
  }, [])
  return (
    <button ref={button} type="button" class="secondary add" onClick={show}>
      Show {count} more
    </button>
  )
}
