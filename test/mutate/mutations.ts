/**
 * Finds the possible mutations of a source file: small changes of its behaviour, each as a slice of its text and the
 * replacement. It uses the syntax tree, to leave out types, imports, comments, and the texts of errors and logs.
 */
import { parseAst } from 'vitest/node'

export type Mutation = { file: string; line: number; start: number; end: number; was: string; becomes: string }

type Node = { type: string; start: number; end: number; [field: string]: unknown }

/** Types and imports have no behaviour. */
const SKIPPED = /^(?:TS(?!(?:As|Satisfies|NonNull)Expression)|Import|ExportAll)/
/** Tests need not notice a missing log line. */
const LOGGED = /^(?:this\.#\w+\.)?(?:report|log|warn|console)\b/

const OPERATORS: Record<string, string[]> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '&&': ['||'],
  '||': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '??=': ['='],
  '++': ['--'],
  '--': ['++'],
}

/** Methods that are replaced by each other, then methods whose call is removed. */
const METHODS: Record<string, string> = {
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  find: 'findLast',
  findLast: 'find',
}
const OMITTED = new Set(['filter', 'slice', 'sort', 'toSorted', 'toReversed', 'trim', 'toLowerCase'])

const SQL = /^[`'"]\s*(?:SELECT|UPDATE|DELETE|INSERT|CREATE)\b/
const SQL_SWAPS: [RegExp, string][] = [
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ AND /g, ' OR '],
  [/ OR /g, ' AND '],
  [/ DESC\b/g, ' ASC'],
  [/ IS NULL\b/g, ' IS NOT NULL'],
  [/ IS NOT NULL\b/g, ' IS NULL'],
  [/ - \?/g, ' + ?'],
]

export function findMutations(file: string, text: string): Mutation[] {
  const found: Mutation[] = []
  const add = (start: number, end: number, becomes: string): void => {
    const was = text.slice(start, end)
    const line = text.slice(0, start).split('\n').length
    if (was !== becomes) found.push({ file, line, start, end, was, becomes })
  }
  const getText = ({ start, end }: Node): string => text.slice(start, end)
  /** Replaces the first occurrence of `operator` between two nodes. */
  const swap = (operator: string, from: number, to: number): void => {
    const start = text.indexOf(operator, from)
    if (start === -1 || start >= to) return
    for (const other of OPERATORS[operator] ?? []) add(start, start + operator.length, other)
  }
  const decide = (test: Node): void => {
    if (!isNarrowing(test)) add(test.start, test.end, 'true')
    add(test.start, test.end, 'false')
  }
  /** Removes one element of a list, with the comma before or after it. */
  const dropFrom = (list: Node[], index: number): void => {
    const [one, next, previous] = [list[index], list[index + 1], list[index - 1]]
    if (one !== undefined) add(previous?.end ?? one.start, previous ? one.end : (next?.start ?? one.end), '')
  }

  const mutate = (node: Node): void => {
    const child = (name: string): Node => node[name] as Node
    const operator = String(node['operator'])
    switch (node.type) {
      case 'BinaryExpression': {
        // `-` makes no sense for strings.
        if (operator === '+' && /['`]/.test(getText(node))) return
        return swap(operator, child('left').end, child('right').start)
      }
      case 'LogicalExpression': {
        // From the operator on, because a side's place does not include the parentheses around it.
        const at = text.indexOf(operator, child('left').end)
        if (operator === '??' && isDefault(child('right'))) return
        add(at, node.end, '')
        if (operator !== '??' && !isNarrowing(child('left'))) add(node.start, at + operator.length, '')
        return swap(operator, at, node.end)
      }
      case 'AssignmentExpression':
        return swap(operator, child('left').end, child('right').start)
      case 'UpdateExpression':
        return swap(operator, node.start, node.end)
      case 'UnaryExpression':
        return operator === '!' ? add(node.start, child('argument').start, '') : undefined
      case 'AwaitExpression':
        return add(node.start, child('argument').start, '')
      case 'IfStatement':
      case 'ConditionalExpression':
        return decide(child('test'))
      case 'WhileStatement':
        return add(child('test').start, child('test').end, 'false')
      case 'ExpressionStatement':
        return LOGGED.test(getText(node)) ? undefined : add(node.start, node.end, ';')
      case 'CallExpression': {
        const callee = child('callee')
        if (callee.type !== 'MemberExpression' || callee['computed'] === true) return
        const [of, method] = [callee['object'] as Node, callee['property'] as Node]
        const other = METHODS[getText(method)]
        if (other !== undefined) add(method.start, method.end, other)
        return OMITTED.has(getText(method)) ? add(of.end, node.end, '') : undefined
      }
      case 'ArrayExpression':
        return (node['elements'] as Node[]).forEach((_, index) => dropFrom(node['elements'] as Node[], index))
      case 'ObjectExpression': {
        const properties = node['properties'] as Node[]
        return properties.forEach(({ type }, index) => type === 'SpreadElement' && dropFrom(properties, index))
      }
      case 'Literal':
        return mutateLiteral(node)
      case 'TemplateLiteral':
        return mutateSql(node)
    }
  }
  const mutateLiteral = (node: Node): void => {
    const { value } = node
    if (typeof value === 'boolean') add(node.start, node.end, String(!value))
    if (typeof value === 'number') mutateNumber(node, value)
    if (typeof value === 'string') mutateSql(node)
    const pattern = (node['regex'] as { pattern: string } | undefined)?.pattern
    if (pattern?.startsWith('^')) add(node.start + 1, node.start + 2, '')
    if (pattern?.endsWith('$')) add(node.start + pattern.length, node.start + pattern.length + 1, '')
  }
  const mutateNumber = ({ start, end }: Node, value: number): void => {
    // Factors of products such as 24 * 60 * 60_000 are left alone, because their operators are mutated. Large numbers change much, because tests need not notice one millisecond or byte.
    if (/^ ?[*] ?[\d_]/.test(text.slice(end, end + 4)) || /[\d_] ?[*] ?$/.test(text.slice(0, start))) return
    for (const other of value > 1_000 ? [0, value * 10] : [value + 1, value - 1]) add(start, end, String(other))
  }
  const mutateSql = (node: Node): void => {
    if (!SQL.test(getText(node))) return
    for (const [from, to] of SQL_SWAPS) {
      for (const { index, 0: was } of getText(node).matchAll(from))
        add(node.start + index, node.start + index + was.length, to)
    }
  }
  const walk = (node: Node): void => {
    if (SKIPPED.test(node.type)) return
    mutate(node)
    const idle = node['operator'] === '??' && isDefault(node['right'] as Node) ? node['right'] : null
    for (const value of Object.values(node).flat()) if (isNode(value) && value !== idle) walk(value)
  }
  // The tree of a file: plain objects, each with its type and place.
  walk(parseAst(text, { lang: 'ts' }, file) as unknown as Node)
  return found
}

export const apply = ({ start, end, becomes }: Mutation, text: string): string =>
  text.slice(0, start) + becomes + text.slice(end)

export function getLine(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end === -1 ? undefined : end).trim()
}

/** The key of a mutation in `equivalent.ts`. */
export const toKey = ({ file, start, was, becomes }: Mutation, text: string): string =>
  `${file} | ${getLine(text, start)} | ${was} → ${becomes}`

/** Whether the mutant parses: every test would notice one that does not. */
export function parses(text: string): boolean {
  try {
    return parseAst(text, { lang: 'ts' }) !== null
  } catch {
    return false
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

/** Code that only the type checker requires: a default that is never used, and a check for a field that always exists. */
const isDefault = ({ type, value }: Node): boolean =>
  type === 'Literal' && (value === '' || value === 0 || value === null)
const isNarrowing = (node: Node): boolean => node['operator'] === 'in' && (node['left'] as Node).type === 'Literal'
