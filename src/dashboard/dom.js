/**
 * Makes and mends the page. Whatever comes from a stash goes in as text, never as markup: there is no other way in here, and
 * the page's policy would refuse it.
 */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] `on…` listens, `class` is the class, the rest are attributes; undefined, null and false are left out
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value))
    else if (name === 'class') element.className = String(value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false))
  return element
}

/** @returns {any} the element with this id: the page is ours, so it is there */
export const find = (/** @type {string} */ id) => document.getElementById(id)

const SVG = 'http://www.w3.org/2000/svg'

export function icon(/** @type {string} */ name) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Puts these nodes under the parent, in this order, moving only what is out of place: a moved node loses its focus. */
export function arrange(/** @type {Element} */ parent, /** @type {Element[]} */ nodes) {
  const wanted = new Set(nodes)
  // A copy: the collection is live, and would skip whoever comes after one that goes.
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null)
  })
}

/** Leaves the node alone where it says this already: a reader would hear it again. */
export function write(/** @type {Element} */ element, /** @type {string} */ text) {
  if (element.textContent !== text) element.textContent = text
}

/** One of the page's views; on a wide screen the first three are one. */
export function showView(/** @type {string} */ name) {
  document.body.dataset['view'] = name
  for (const button of document.querySelectorAll('nav [data-view]')) {
    if (/** @type {HTMLElement} */ (button).dataset['view'] === name) button.setAttribute('aria-current', 'page')
    else button.removeAttribute('aria-current')
  }
  window.scrollTo(0, 0)
  document.dispatchEvent(new Event('view'))
}

/** Says it to those who listen to the page. */
export function announce(/** @type {string} */ text) {
  // The same words twice would not be a change.
  const said = find('said')
  said.textContent = said.textContent === text ? `${text}\u00a0` : text
}

/** Copies, or where the browser does not let us (plain HTTP), selects it to be copied by hand. */
export function copyButton(
  /** @type {() => string} */ text,
  label = 'Copy',
  /** @type {Element | null} */ shown = null,
) {
  const button = h('button', { type: 'button', class: 'secondary' }, label)
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text())
      button.textContent = 'Copied'
      announce('Copied')
    } catch {
      if (shown !== null) getSelection()?.selectAllChildren(shown)
      button.textContent = 'Selected: copy it by hand'
    }
  })
  return button
}
