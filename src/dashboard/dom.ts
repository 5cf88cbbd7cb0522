/**
 * Creates and updates elements. Text that comes from a stash is inserted as text, never as markup: this file offers no other
 * way, and the page's policy would refuse one.
 */

export type Child = Node | string | null | undefined | false

type Attribute = string | number | boolean | null | undefined
type AttributeName =
  | `aria-${string}`
  | `data-${string}`
  | 'autocapitalize'
  | 'autocomplete'
  | 'class'
  | 'datetime'
  | 'dir'
  | 'for'
  | 'hidden'
  | 'id'
  | 'inputmode'
  | 'max'
  | 'maxlength'
  | 'min'
  | 'name'
  | 'novalidate'
  | 'pattern'
  | 'placeholder'
  | 'required'
  | 'role'
  | 'rows'
  | 'spellcheck'
  | 'step'
  | 'tabindex'
  | 'title'
  | 'type'
  | 'value'

/** `class` sets the class, `onclick` adds a listener, the others are attributes. undefined, null and false are left out. */
export type Props = { [Name in AttributeName]?: Attribute } & { onclick?: () => void }

/** Creates an element. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { onclick, ...attributes }: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  if (onclick !== undefined) element.addEventListener('click', onclick)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...withoutEmpty(children))
  return element
}

export const withoutEmpty = (children: Child[]): (Node | string)[] =>
  children.filter((child) => child !== null && child !== undefined && child !== false)

/**
 * The element of index.html with this id.
 * @param type its class, where more is used of it than every element has
 */
export function find(id: string): HTMLElement
export function find<Type extends HTMLElement>(id: string, type: new () => Type): Type
export function find(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const element = document.getElementById(id)
  if (element instanceof type) return element
  throw new Error(`index.html has no ${type.name} with the id "${id}".`)
}

const SVG = 'http://www.w3.org/2000/svg'

/** @param name of a symbol in index.html, without `icon-` */
export function icon(name: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Makes these nodes the children, in this order. Moves only those that are out of place: a moved node loses the focus. */
export function arrange(parent: Element, nodes: Element[]): void {
  const wanted = new Set(nodes)
  // A copy: the collection is live, so removing a child would make the loop skip the next one.
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null)
  })
}

/** Sets the text, unless it is the same already: a screen reader would read it again. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export const navigationButtons = (): NodeListOf<HTMLElement> => document.querySelectorAll('nav [data-view]')

/** Shows one of the page's views. On a wide screen the first three are shown together. */
export function showView(name: string): void {
  document.body.dataset['view'] = name
  for (const button of navigationButtons()) {
    if (button.dataset['view'] === name) button.setAttribute('aria-current', 'page')
    else button.removeAttribute('aria-current')
  }
  window.scrollTo(0, 0)
  document.dispatchEvent(new Event('view'))
}

/** Has screen readers say it. */
export function announce(text: string): void {
  const said = find('said')
  // The same text twice would be no change, and would not be read.
  said.textContent = said.textContent === text ? `${text}\u00a0` : text
}

/** A button that copies a text. Without access to the clipboard (plain HTTP) it selects `shown`, to be copied by hand. */
export function copyButton(text: () => string, label = 'Copy', shown: Element | null = null): HTMLButtonElement {
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
