import { Operations } from './operations.ts'
import { CephError, type HelperReply, type HelperRequest, type HelperSetup } from './protocol.ts'

/** How long a parting process waits for the cluster to hear of it. */
const farewellMs = 5000

/**
 * The process that holds the connection to a cluster: librados and librbd end a process whose state they cannot trust,
 * and their calls cannot be called back. It lives as long as the one that started it.
 */
function main(): void {
  const operations = open(JSON.parse(process.argv[2] ?? '{}') as HelperSetup)
  if (operations === undefined) return
  // Signals to the whole group are for the parent, which still has work to finish.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('message', (request: HelperRequest) => {
    void answer(operations, request)
  })
  process.once('disconnect', () => void leave(operations))
  send({ memoryFd: operations.memory.fd })
}

/** What is missing is told to the parent, which answers requests with it. */
function open(setup: HelperSetup): Operations | undefined {
  try {
    return new Operations(setup)
  } catch (error) {
    const call = `librados or librbd cannot be used (Debian's package is librbd1): ${(error as Error).message}`
    process.send?.({ id: 0, failure: { call, errno: 0 } } satisfies HelperReply, () => process.disconnect?.())
    return undefined
  }
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
