/**
 * Areas that Glimpse does not have yet, and the tests which wait for them. A test that passes all the same fails the run, so
 * that the list shrinks as the areas come.
 */
export interface OpenArea {
  readonly area: string
  readonly tests: RegExp
}

export const openAreas: readonly OpenArea[] = []

/** The area for which a test waits. */
export function openAreaOf(test: string): OpenArea | undefined {
  return openAreas.find(({ tests }) => tests.test(test))
}
