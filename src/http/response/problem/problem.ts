/** How a refusal is presented over HTTP: its status, a fixed title, and advice that may use the refusal's facts. */
import type { Refusal, RefusalCode } from '../../../model/refusal.ts'

export type Problem<C extends RefusalCode> = {
  status: number
  title: string
  detail: string | ((refusal: Extract<Refusal, { code: C }>) => string)
}
