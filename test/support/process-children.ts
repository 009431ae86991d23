import { readdir, readFile } from 'node:fs/promises'

/** The processes that a process has started and that live; none if it has ended itself. */
export async function childrenOf(pid: number): Promise<number[]> {
  try {
    const threads = await readdir(`/proc/${pid}/task`)
    const children = await Promise.all(
      threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')),
    )
    return children.flatMap((text) => (text.trim() === '' ? [] : text.trim().split(' '))).map(Number)
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
