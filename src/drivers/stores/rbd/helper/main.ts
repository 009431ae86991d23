import { Operations } from './operations.ts'
import { CephError, type HelperReply, type HelperRequest, type HelperSetup } from './protocol.ts'

/** How long a parting process waits for the cluster to hear of it. */
const farewellMs = 5000

/**
 * The process that holds the connection to a cluster: librados and librbd end a process whose state they cannot trust,
 * and their calls cannot be called back. It lives as long as the one that started it.
 */
function main(): void {
  const setup = JSON.parse(process.argv[2] ?? '{}') as HelperSetup
  const operations = new Operations(setup)
  // Signals to the whole group are for the parent, which still has work to finish.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('message', (request: HelperRequest) => {
    void answer(operations, request)
  })
  process.once('disconnect', () => void leave(operations))
  send({ memoryFd: operations.memory.fd })
}

async function answer(operations: Operations, { id, name, argument }: HelperRequest): Promise<void> {
  const operation = operations[name] as (argument: unknown) => Promise<unknown>
  try {
    send({ id, value: await operation.call(operations, argument) })
  } catch (error) {
    const failure = error instanceof CephError ? error : new CephError(String(error), 0)
    send({ id, failure: { call: failure.call, errno: failure.errno } })
  }
}

/** An orderly exit would wait for calls that hang. */
async function leave(operations: Operations): Promise<void> {
  const end = () => process.kill(process.pid, 'SIGKILL')
  setTimeout(end, farewellMs)
  await operations.shutDown().catch(() => undefined)
  end()
}

/** Nobody listens any more when the parent has gone. */
function send(reply: HelperReply): void {
  if (process.connected) process.send?.(reply, undefined, undefined, () => undefined)
}

main()
