/** How a refusal is told over HTTP. */
import type { Refusal, RefusalCode } from '../../model/refusal.ts'

export type Problem<C extends RefusalCode> = {
  status: number
  title: string
  detail: string | ((refusal: Extract<Refusal, { code: C }>) => string)
}
