import { type RunningPut, startPut } from './put.ts'
import type { Budget } from './segment.ts'
import type { Upload, UploadOptions } from './upload.ts'

/** Sends an image of known size as one object. Its last piece waits for `finish`: until then Swift shows nothing. */
export class ObjectUpload implements Upload {
  readonly segments: readonly string[] = []
  readonly #options: UploadOptions
  readonly #budget: Budget
  #put: RunningPut | undefined
  #last: Buffer | undefined
  #failure: unknown

  constructor(options: UploadOptions) {
    this.#options = options
    this.#budget = options.budget
  }

  async write(chunk: Buffer): Promise<void> {
    const put = this.#start()
    if (this.#last !== undefined) put.body.append(this.#last)
    this.#last = chunk
    await this.#budget.room()
    this.#throwIfFailed()
  }

  async finish(): Promise<void> {
    const put = this.#start()
    if (this.#last !== undefined) put.body.append(this.#last)
    this.#last = undefined
    put.body.end()
    await put.ended
    this.#throwIfFailed()
  }

  async stop(): Promise<void> {
    this.#put?.body.destroy()
    await this.#put?.ended
  }

  #start(): RunningPut {
    const { sizeBytes, objectHeaders, ...rest } = this.#options
    this.#put ??= startPut(rest.client, {
      ...rest,
      headers: { ...objectHeaders, 'content-length': String(sizeBytes) },
      onFailure: (error) => {
        this.#failure = error
      },
    })
    return this.#put
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
