/** Lists as clients ask for them; `{marker}` is the last image of a page far behind the first. */
export const lists: Readonly<Record<string, string>> = {
  'first page': '',
  'deep page by marker': '?marker={marker}',
  'by name': '?name=image-77',
  'by owner': '?owner={project}',
  'by visibility': '?visibility=public',
  'by status': '?status=active',
  'by property, half of all': '?os_distro=debian',
  'by property, rare': '?os_distro=rare',
  'by tag, one in ten': '?tag=lts',
  'by tag, rare': '?tag=rare',
  'by size': '?size_min=1047527424',
  'sorted by name': '?sort=name:asc',
  'sorted by size': '?sort=size:asc',
  'sorted by size, deep': '?sort=size:asc&marker={marker}',
  'sorted by status and name': '?sort=status:asc,name:asc',
}

/** Times of one list, in milliseconds. */
export interface PageTimes {
  readonly p50Ms: number
  readonly worstMs: number
}

/** Asks for a list a few times, one after the other. @throws with the answer unless it is 200 */
export async function timePage(url: string, { token, times }: { token: string; times: number }): Promise<PageTimes> {
  const taken: number[] = []
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now()
    const answer = await fetch(url, { headers: { 'X-Auth-Token': token } })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text.slice(0, 300)}`)
    taken.push(performance.now() - startedAt)
  }
  taken.sort((a, b) => a - b)
  return { p50Ms: taken[times >> 1] as number, worstMs: taken.at(-1) as number }
}
