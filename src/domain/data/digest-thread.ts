import { createHash, type Hash } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { doorbellWords, type ThreadReply, type ThreadSetup, type ThreadTask } from './digest-protocol.ts'
import { RingReader, ringEnd } from './ring.ts'

/** Bytes hashed of one stream before the next has its turn. */
const turnBytes = 256 * 1024

interface Stream {
  readonly id: number
  readonly reader: RingReader
  readonly hash: Hash
}

/**
 * Hashes many streams in turn, straight from their rings. The thread never returns to its event loop: it sleeps on
 * the doorbell, which rings when a stream has grown or a task was posted.
 */
function serve(port: NonNullable<typeof parentPort>, doorbell: Int32Array): never {
  const streams = new Set<Stream>()
  let postedSeen = 0
  const reply = (message: ThreadReply) => port.postMessage(message)
  for (;;) {
    const rung = Atomics.load(doorbell, doorbellWords.rings)
    const posted = Atomics.load(doorbell, doorbellWords.posted)
    for (; postedSeen !== posted; postedSeen = (postedSeen + 1) | 0) {
      const task: ThreadTask = receiveMessageOnPort(port)?.message
      try {
        const hash = createHash(task.algorithm)
        streams.add({ id: task.id, reader: new RingReader(task.memory, task.reader), hash })
      } catch (error) {
        reply({ id: task.id, error: String(error) })
      }
    }
    let busy = false
    for (const stream of streams) {
      const ended = stream.reader.ended()
      const piece = stream.reader.peek(turnBytes)
      if (ended === ringEnd.cancelled) {
        streams.delete(stream)
        reply({ id: stream.id, cancelled: true })
      } else if (piece.length > 0) {
        stream.hash.update(piece)
        stream.reader.consume(piece.length)
        busy = true
      } else if (ended === ringEnd.complete) {
        streams.delete(stream)
        reply({ id: stream.id, digest: stream.hash.digest('hex') })
      }
    }
    if (!busy) Atomics.wait(doorbell, doorbellWords.rings, rung)
  }
}

const { doorbell, niceness } = workerData as ThreadSetup
if (niceness > 0) setPriority(0, niceness)
if (parentPort !== null) serve(parentPort, doorbell)
