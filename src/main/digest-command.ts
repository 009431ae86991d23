import { type BackfillProgress, DigestBackfill } from '../domain/digests/digest-backfill.ts'
import { JobQueue } from '../domain/jobs/job-queue.ts'
import { repositoriesOver } from '../drivers/db/open.ts'
import { CommandFailure, type CommandSpec, progress } from './manage-commands.ts'

/** `glance-manage db backfill_digests`; it has the services compute what images lack. */
export const digestCommands: Readonly<Record<string, CommandSpec>> = {
  backfill_digests: {
    summary: 'Have the running services compute the digests and sizes that images lack; exit code 1 if some cannot be',
    run: async ({ database }, { max_images: limit, parallel = '8' }) => {
      const repositories = repositoriesOver(database)
      await repositories.prepare()
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      process.once('SIGINT', stop).once('SIGTERM', stop)
      const { done, failed, open } = await new DigestBackfill(repositories, new JobQueue(repositories.jobs)).run({
        parallel: positive('parallel', parallel),
        ...(limit === undefined ? {} : { limit: positive('max_images', limit) }),
        signal: stopping.signal,
        onProgress: reporter(),
      })
      for (const { imageId, reason } of failed) process.stdout.write(`${imageId}: ${reason}\n`)
      process.stdout.write(`${done} images done, ${failed.length} failed, ${open.length} under way\n`)
      return failed.length > 0 ? 1 : 0
    },
    options: [
      ['--max_images <number>', 'at most so many images; all unless told'],
      ['--parallel <number>', 'jobs at the same time; 8 unless told'],
    ],
  },
}

/** Tells what has changed, and of services that do not come. */
function reporter(): (progress: BackfillProgress) => void {
  let told = ''
  return ({ done, failed, open }) => {
    const reading = open.flatMap(({ imageId, progress: bytes }) =>
      bytes === null ? [] : [`${imageId} ${Math.floor(bytes / 2 ** 20)} MiB`],
    )
    const waiting = open.length > 0 && open.every(({ status }) => status === 'queued')
    const what = waiting ? 'waiting for a running glance-api' : reading.join(', ')
    const line = [`${done} done, ${failed.length} failed`, ...(what === '' ? [] : [what])].join('; ')
    if (line !== told) progress(line)
    told = line
  }
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new CommandFailure(`${name} must be a positive integer, not ${text}.`)
  return Number(text)
}
