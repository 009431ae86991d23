import type { OptionGroup, Values } from '../config/option.ts'

/** `[DEFAULT]`: what the HTTP layer as a whole asks for. */
export const httpOptions = {
  public_endpoint: {
    type: 'string',
    default: null,
    help: 'URL that the version documents name as the address of the service. Without it, the address that the client asked for is named.',
  },
  max_header_line: {
    type: 'integer',
    default: 16384,
    min: 0,
    unit: 'bytes',
    help: 'Greatest size of all header lines of a request together. Tokens with a large catalogue need more.',
  },
} as const satisfies OptionGroup
export type HttpConfig = Values<typeof httpOptions>
