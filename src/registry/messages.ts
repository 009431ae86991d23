import { catalog, type ErrorCode } from '../errors/catalog.ts'
import { GlimpseError } from '../errors/error.ts'
import { decode, encode } from './codec.ts'
import { type AnyCommand, commands, type RegistryPorts } from './commands.ts'

/** One question to the registry, and what its command says of it. */
export interface Call {
  readonly name: string
  readonly command: AnyCommand
  readonly args: readonly unknown[]
}

/** @param name of a command that there is */
export function encodeCall(name: string, args: readonly unknown[]): string {
  const shapes = commands.get(name)?.args ?? []
  // As with any function, arguments beyond those that it has do nothing.
  return encode({ command: name, args: shapes.slice(0, args.length).map((shape, index) => shape.pick(args[index])) })
}

/** Reads what a caller sent. @throws bad_request if it is no command, or its arguments are not those of the command */
export function decodeCall(text: string): Call {
  const message = decoded(text)
  const { command: name, args } = message as { command?: unknown; args?: unknown }
  const command = typeof name === 'string' ? commands.get(name) : undefined
  if (typeof name !== 'string' || !command) throw refused('there is no such command')
  if (!Array.isArray(args) || args.length > command.args.length) throw refused(`${name} has other arguments`)
  for (const [index, shape] of command.args.entries()) {
    const place = shape.differs(args[index])
    if (place !== undefined) throw refused(`${name} takes another kind of value at ${index}${place}`)
  }
  return { name, command, args }
}

/** Does what the call asks for. @returns what the function of the port returns. @throws what it throws */
export async function carryOut({ name, args }: Call, ports: RegistryPorts): Promise<unknown> {
  const [port, method] = name.split('.') as [keyof RegistryPorts, string]
  const functions = ports[port] as unknown as Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>
  return functions[method]?.(...args)
}

export function encodeResult(result: unknown): string {
  return encode({ result })
}

export function encodeFailure({ code, params }: GlimpseError): string {
  return encode({ error: { code, params } })
}

/** @returns the result. @throws the error that the repository threw, or internal if this program does not know it */
export function decodeReply(text: string): unknown {
  const reply = decode(text) as { result?: unknown; error?: { code: string; params: never } }
  if (!reply.error) return reply.result
  const { code, params } = reply.error
  if (Object.hasOwn(catalog, code)) throw new GlimpseError(code as ErrorCode, params)
  throw new GlimpseError('internal', {}, { cause: new Error(`The registry answers with an unknown error: ${code}`) })
}

function decoded(text: string): object {
  try {
    const value = decode(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    throw refused('it is no message of an API node', error)
  }
  throw refused('it is no message of an API node')
}

function refused(reason: string, cause?: unknown): GlimpseError {
  return new GlimpseError('bad_request', { reason: `The registry cannot carry this out: ${reason}.` }, { cause })
}
