import type { IncomingMessage } from 'node:http'
import type {
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { readCaCertificates } from '../ca-certificates.ts'
import { type S3Endpoint, s3Endpoint } from './endpoint.ts'
import type { S3Credentials } from './location.ts'
import type { S3StoreConfig } from './options.ts'

const connectTimeoutMs = 10_000
/** A connection on which nothing moves for so long is given up. */
const idleTimeoutMs = 60_000
const maxSockets = 512

export type Sdk = typeof import('@aws-sdk/client-s3')

/** The SDK with one pool of connections to one service. */
export class S3Connection {
  readonly sdk: Sdk
  readonly endpoint: S3Endpoint
  readonly #settings: S3ClientConfig
  readonly #own: S3Client

  constructor(sdk: Sdk, options: { config: S3StoreConfig; ca: string | undefined; credentials: S3Credentials }) {
    const { config, ca } = options
    this.sdk = sdk
    this.endpoint = s3Endpoint(config)
    const protects = config.s3_store_enable_data_integrity_protection
    const agent = { keepAlive: true, maxSockets }
    this.#settings = {
      endpoint: this.endpoint.url,
      region: this.endpoint.region,
      forcePathStyle: this.endpoint.forcePathStyle,
      followRegionRedirects: true,
      maxAttempts: 3,
      // Said here so that the SDK does not look for them in the environment and in files of the user.
      retryMode: 'standard',
      defaultsMode: 'standard',
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      useArnRegion: false,
      disableMultiregionAccessPoints: true,
      disableS3ExpressSessionAuth: true,
      // The SDK would send such requests over connections of their own, without keep-alive and without our authorities.
      expectContinueHeader: false,
      requestChecksumCalculation: protects ? upper(config.s3_store_request_checksum_calculation) : 'WHEN_REQUIRED',
      responseChecksumValidation: protects ? upper(config.s3_store_response_checksum_validation) : 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectTimeoutMs,
        socketTimeout: idleTimeoutMs,
        httpAgent: agent,
        httpsAgent: ca === undefined ? agent : { ...agent, ca },
      },
    }
    this.#own = this.#client(options.credentials)
  }

  /** Runs a command with the store's own credentials, or with others. */
  async run<T>(act: (client: S3Client) => Promise<T>, credentials?: S3Credentials): Promise<T> {
    if (credentials === undefined) return act(this.#own)
    return act(this.#client(credentials))
  }

  /** TLS protects bodies already; hashing them as well would cost a second of a processor for each GiB. */
  get signsBodies(): boolean {
    return this.endpoint.scheme === 's3'
  }

  close(): void {
    this.#own.destroy()
  }

  #client({ accessKey, secretKey }: S3Credentials): S3Client {
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
    const handler = this.#own?.config.requestHandler
    return new this.sdk.S3Client({
      ...this.#settings,
      credentials,
      ...(handler === undefined ? {} : { requestHandler: handler }),
    })
  }
}

/** Data of an object or of a part, with its SHA-256 in hexadecimal. */
export interface Body {
  readonly bytes: Uint8Array
  /** Null: it stays unsigned. */
  readonly sha256: string | null
}

/**
 * Gives the SDK the digest that the signature needs: it would compute it in one go, which holds up the event loop for up
 * to 30 ms for each part.
 */
export function withDigest<C extends PutObjectCommand | UploadPartCommand>(command: C, { sha256 }: Body): C {
  const { middlewareStack } = command as PutObjectCommand
  middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256 ?? 'UNSIGNED-PAYLOAD'
      return next(args)
    },
    { step: 'build', name: 'withDigest' },
  )
  return command
}

/** Lets the reader of an object take its time: once the answer has begun, an idle connection means nothing. */
export function withPatience(command: GetObjectCommand): GetObjectCommand {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { statusCode, body } = result.response as { statusCode: number; body: IncomingMessage }
      if (statusCode < 300) body.socket.setTimeout(0)
      return result
    },
    // Next to the connection: later steps may wrap the body.
    { step: 'deserialize', priority: 'low', name: 'withPatience' },
  )
  return command
}

/** @throws store_misconfigured if the file of certificates cannot be read */
export async function openS3Connection(
  storeId: string,
  { config, credentials }: { config: S3StoreConfig; credentials: S3Credentials },
): Promise<S3Connection> {
  const path = config.s3_store_cacert
  const ca = path === '' ? undefined : await readCaCertificates(path, { option: 's3_store_cacert', store: storeId })
  return new S3Connection(await import('@aws-sdk/client-s3'), { config, ca, credentials })
}

function upper(value: string): 'WHEN_REQUIRED' | 'WHEN_SUPPORTED' {
  return value === 'when_supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
}

/** What goes with every command. */
export function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
