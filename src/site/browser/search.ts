/** The search in the header, as a combobox. The index is loaded when somebody begins to search. */
import MiniSearch from 'minisearch'
import { SEARCH_OPTIONS, type Entry, type Found } from '../search-options.ts'

const SHOWN = 12

export function startSearch(): void {
  const search = document.querySelector('search')
  const input = search?.querySelector('input')
  const list = search?.querySelector('ul')
  const { index: address } = document.body.dataset
  if (!search || !input || !list || address === undefined) return
  search.hidden = false

  let loading: Promise<MiniSearch<Entry>> | undefined
  /** One that failed is tried again at the next key. */
  const load = (): Promise<MiniSearch<Entry>> =>
    (loading ??= loadIndex(address).catch((error: unknown) => {
      loading = undefined
      throw error
    }))
  let chosen = -1

  async function update(): Promise<void> {
    const query = input!.value.trim()
    if (query === '') return close()
    try {
      const index = await load()
      // Typed on meanwhile.
      if (query === input!.value.trim()) show(index.search(query).slice(0, SHOWN) as unknown as Found[])
    } catch {
      show(null)
    }
  }

  function show(found: Found[] | null): void {
    chosen = -1
    const items = (found ?? []).map(({ id, page, title }, i) => createOption(i, id, title === page ? '' : page, title))
    if (items.length === 0)
      items.push(createNote(found === null ? 'The search could not be loaded.' : 'Nothing found.'))
    list!.replaceChildren(...items)
    list!.hidden = false
    input!.setAttribute('aria-expanded', 'true')
    input!.removeAttribute('aria-activedescendant')
  }

  function close(): void {
    list!.hidden = true
    input!.setAttribute('aria-expanded', 'false')
    input!.removeAttribute('aria-activedescendant')
  }

  function choose(step: number): void {
    const options = [...list!.querySelectorAll('[role="option"]')]
    if (options.length === 0) return
    options[chosen]?.setAttribute('aria-selected', 'false')
    chosen = (chosen + step + options.length) % options.length
    const option = options[chosen]
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({ block: 'nearest' })
    if (option) input!.setAttribute('aria-activedescendant', option.id)
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') return close()
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      return choose(event.key === 'ArrowDown' ? 1 : chosen === -1 ? 0 : -1)
    }
    if (event.key !== 'Enter') return
    const options = list!.querySelectorAll<HTMLAnchorElement>('[role="option"] a')
    const link = options[Math.max(chosen, 0)]
    if (list!.hidden || link === undefined) return
    close()
    location.assign(link.href)
  }

  input.addEventListener('focus', () => void load().catch(() => {}), { once: true })
  input.addEventListener('input', () => void update())
  input.addEventListener('keydown', onKey)
  list.addEventListener('click', close)
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !search.contains(target)) close()
  })
  document.addEventListener('keydown', (event) => {
    const { target } = event
    if (event.key !== '/' || event.ctrlKey || event.metaKey || target instanceof HTMLInputElement) return
    event.preventDefault()
    input.focus()
  })
}

async function loadIndex(address: string): Promise<MiniSearch<Entry>> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address}: ${response.status}`)
  return MiniSearch.loadJSON<Entry>(await response.text(), SEARCH_OPTIONS)
}

function createOption(at: number, address: string, page: string, title: string): HTMLLIElement {
  const item = document.createElement('li')
  item.id = `found-${at}`
  item.setAttribute('role', 'option')
  item.setAttribute('aria-selected', 'false')
  const link = document.createElement('a')
  link.href = address
  link.tabIndex = -1
  const name = document.createElement('span')
  name.textContent = title
  const place = document.createElement('small')
  place.textContent = page
  link.append(name, place)
  item.append(link)
  return item
}

function createNote(text: string): HTMLLIElement {
  const item = document.createElement('li')
  item.className = 'note'
  item.textContent = text
  return item
}
