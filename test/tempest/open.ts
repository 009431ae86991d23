/**
 * Areas that Glimpse does not have yet, and the tests which wait for them. A test that passes all the same fails the run, so
 * that the list shrinks as the areas come.
 */
export interface OpenArea {
  readonly area: string
  readonly tests: RegExp
}

export const openAreas: readonly OpenArea[] = [
  { area: 'the image cache', tests: /\.ImageCachingTest\./ },
  {
    area: 'import by glance-download',
    tests: /\.ImportImagesTest\.test_image_glance_download_import_(bad_uuid|success)$/,
  },
]

/** The area for which a test waits. */
export function openAreaOf(test: string): OpenArea | undefined {
  return openAreas.find(({ tests }) => tests.test(test))
}
