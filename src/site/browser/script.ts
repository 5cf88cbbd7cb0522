/**
 * The script of the guides. Each page can be read without it: it adds the search, opens the table of contents where there is room, and
 * goes on from an error code (`/docs#frozen`) to the section that explains it.
 */
import { startSearch } from './search.ts'

const target = document.querySelector(`.codes li[id="${CSS.escape(location.hash.slice(1))}"] a`)
if (location.hash !== '' && target instanceof HTMLAnchorElement) location.replace(target.href)

const contents = document.querySelector('details.contents')
const isWide = matchMedia('(min-width: 80rem)')
const openContents = (): void => void contents?.toggleAttribute('open', isWide.matches)
isWide.addEventListener('change', openContents)
openContents()

startSearch()
