/** Finds out whether another node of the service lives. */
export interface NodeProbe {
  /** Whether anything answers by HTTP at the node's own URL, within some seconds. Never throws. */
  answers(url: string): Promise<boolean>
}
