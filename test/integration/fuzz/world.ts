import assert from 'node:assert/strict'
import type { ApiServer, CallOptions } from '../support/api-server.ts'
import { lists, type ModelImage, refusal, sees, type User } from './model.ts'
import type { Operation } from './operations.ts'

type Of<K extends Operation['kind']> = Extract<Operation, { kind: K }>

/** What a step asks of the service, the statuses that are right, and what follows from success. */
interface Step {
  readonly method: string
  readonly path: string
  readonly options?: CallOptions | undefined
  readonly expected: number | readonly number[]
  readonly done?: (answer: Buffer) => void
}

const implied = { admin: 'admin,member,reader', member: 'member,reader', reader: 'reader' }
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

/** The service beside a model of it. Each run's projects have names of their own. */
export class World {
  readonly images: ModelImage[] = []
  readonly #api: ApiServer
  readonly #run: string

  constructor(api: ApiServer, run: string) {
    this.#api = api
    this.#run = run
  }

  /** The name of a project of this run. */
  project(letter: string): string {
    return `${letter}-${this.#run}`
  }

  /** Carries out one step and compares the answer with the model. */
  async carryOut(operation: Operation): Promise<void> {
    const { method, path, options, expected, done } = this.#plan(operation)
    const response = await this.#call(operation.user, { method, path, options })
    const answer = Buffer.from(await response.arrayBuffer())
    const right = typeof expected === 'number' ? [expected] : expected
    assert.ok(
      right.includes(response.status),
      `${operation.user.role} of ${operation.user.project}: ${operation.kind} got ${response.status} instead of ${right}: ${answer}`,
    )
    if (response.ok) done?.(answer)
  }

  #call(user: User, { method, path, options }: Pick<Step, 'method' | 'path' | 'options'>): Promise<Response> {
    return this.#api.call(`${this.project(user.project)}:${implied[user.role]}`, method, path, options)
  }

  #plan(operation: Operation): Step {
    if (operation.kind === 'create') return this.#create(operation)
    if (operation.kind === 'list') return this.#list(operation)
    const image = this.images[operation.image % Math.max(1, this.images.length)]
    if (image === undefined) return { method: 'GET', path: `/v2/images/none-${this.#run}`, expected: 404 }
    return this.#planFor(operation, image)
  }

  #create({ user, visibility, ...fields }: Of<'create'>): Step {
    const allowed = user.role === 'admin' || (user.role === 'member' && visibility !== 'public')
    return {
      method: 'POST',
      path: '/v2/images',
      options: {
        json: { visibility, protected: fields.protected, disk_format: 'raw', container_format: 'bare' },
      },
      expected: allowed ? 201 : 403,
      done: (answer) => {
        const { id } = JSON.parse(answer.toString())
        this.images.push({
          ...{
            id,
            owner: user.project,
            deleted: false,
            status: 'queued',
            visibility,
            hidden: false,
            name: null,
            data: null,
          },
          ...{ protected: fields.protected, tags: new Set(), properties: new Map(), members: new Map() },
        })
      },
    }
  }

  #list({ user, filter }: Of<'list'>): Step {
    const query = new URLSearchParams({ limit: '1000', os_hidden: String(filter.hidden) })
    if (filter.visibility) query.set('visibility', filter.visibility)
    return {
      method: 'GET',
      path: `/v2/images?${query}`,
      expected: 200,
      done: (answer) => {
        const page = JSON.parse(answer.toString())
        assert.equal(page.next, undefined, 'all images are on one page')
        const own = new Set(this.images.map(({ id }) => id))
        const shown = page.images.map(({ id }: { id: string }) => id).filter((id: string) => own.has(id))
        const right = this.images.filter((image) => lists(user, image, filter)).map(({ id }) => id)
        assert.deepEqual(shown.sort(), right.sort(), `list of ${user.role} of ${user.project} by ${query}`)
      },
    }
  }

  #planFor(operation: Exclude<Operation, Of<'create' | 'list'>>, image: ModelImage): Step {
    const { user } = operation
    const path = `/v2/images/${image.id}`
    const refused = refusal(user, image)
    const patch = (changes: object[], done: () => void, expected = 200): Step => ({
      ...{ method: 'PATCH', path, options: { json: changes, headers: patchType } },
      ...{ expected: refused ?? expected, done },
    })
    switch (operation.kind) {
      case 'rename':
        return patch([{ op: 'replace', path: '/name', value: operation.name }], () => {
          image.name = operation.name
        })
      case 'setVisibility': {
        const denied = operation.visibility === 'public' && user.role !== 'admin'
        const set = patch([{ op: 'replace', path: '/visibility', value: operation.visibility }], () => {
          image.visibility = operation.visibility
        })
        return denied && refused === undefined ? { ...set, expected: 403 } : set
      }
      case 'setFlag':
        return patch([{ op: 'replace', path: `/${operation.flag}`, value: operation.value }], () => {
          image[operation.flag === 'protected' ? 'protected' : 'hidden'] = operation.value
        })
      case 'setProperty':
        return patch([{ op: 'add', path: `/${operation.property}`, value: operation.value }], () => {
          image.properties.set(operation.property, operation.value)
        })
      case 'removeProperty': {
        const there = image.properties.has(operation.property)
        const forget = () => void image.properties.delete(operation.property)
        return patch([{ op: 'remove', path: `/${operation.property}` }], forget, there ? 200 : 409)
      }
      case 'addTag':
      case 'removeTag':
        return this.#tag(operation, image)
      case 'addMember':
      case 'removeMember':
      case 'setMember':
        return this.#member(operation, image)
      case 'upload':
        return this.#upload(operation, image)
      case 'deactivate':
      case 'reactivate':
        return {
          ...{ method: 'POST', path: `${path}/actions/${operation.kind}` },
          expected: refused ?? (image.status === 'queued' ? 403 : 204),
          done: () => {
            image.status = operation.kind === 'deactivate' ? 'deactivated' : 'active'
          },
        }
      case 'delete':
        return {
          ...{ method: 'DELETE', path, expected: refused ?? (image.protected ? 403 : 204) },
          done: () => {
            image.deleted = true
          },
        }
      case 'show':
        return {
          ...{ method: 'GET', path, expected: sees(user, image) ? 200 : 404 },
          done: (answer) => this.#compare(JSON.parse(answer.toString()), image),
        }
      case 'download':
        return this.#download(user, image)
    }
  }

  #tag({ user, kind, tag }: Of<'addTag' | 'removeTag'>, image: ModelImage): Step {
    const add = kind === 'addTag'
    return {
      ...{ method: add ? 'PUT' : 'DELETE', path: `/v2/images/${image.id}/tags/${encodeURIComponent(tag)}` },
      expected: refusal(user, image) ?? (add || image.tags.has(tag) ? 204 : 404),
      done: () => void (add ? image.tags.add(tag) : image.tags.delete(tag)),
    }
  }

  #member(operation: Of<'addMember' | 'removeMember' | 'setMember'>, image: ModelImage): Step {
    const { user, member } = operation
    const path = `/v2/images/${image.id}/members`
    const known = image.members.has(member)
    if (operation.kind === 'setMember') {
      return {
        ...{ method: 'PUT', path: `${path}/${this.project(member)}`, options: { json: { status: operation.status } } },
        expected: memberAnswer(user, image, member),
        done: () => void image.members.set(member, operation.status),
      }
    }
    const refused = refusal(user, image) ?? (image.visibility === 'shared' ? undefined : 403)
    if (operation.kind === 'addMember') {
      return {
        ...{ method: 'POST', path, options: { json: { member: this.project(member) } } },
        expected: refused ?? (known ? 409 : 200),
        done: () => void image.members.set(member, 'pending'),
      }
    }
    return {
      ...{ method: 'DELETE', path: `${path}/${this.project(member)}`, expected: refused ?? (known ? 204 : 404) },
      done: () => void image.members.delete(member),
    }
  }

  #upload({ user, data, sized }: Of<'upload'>, image: ModelImage): Step {
    return {
      ...{ method: 'PUT', path: `/v2/images/${image.id}/file` },
      options: {
        body: sized ? data : new Blob([data as Uint8Array<ArrayBuffer>]).stream(),
        headers: { 'content-type': 'application/octet-stream' },
      },
      expected: refusal(user, image) ?? (image.status === 'queued' ? 204 : 409),
      done: () => {
        image.status = 'active'
        image.data = data
      },
    }
  }

  #download(user: User, image: ModelImage): Step {
    const may = user.role !== 'reader'
    const open = image.status !== 'deactivated' || user.role === 'admin'
    const allowed = image.data === null ? 204 : 200
    return {
      ...{ method: 'GET', path: `/v2/images/${image.id}/file` },
      expected: !sees(user, image) ? 404 : may && open ? allowed : 403,
      done: (answer) => assert.deepEqual(answer, image.data ?? Buffer.alloc(0)),
    }
  }

  #compare(shown: Record<string, unknown>, image: ModelImage): void {
    const own = {
      ...{ status: image.status, visibility: image.visibility, protected: image.protected, name: image.name },
      ...{ os_hidden: image.hidden, size: image.data?.length ?? null, owner: this.project(image.owner) },
    }
    for (const [key, value] of Object.entries(own)) assert.equal(shown[key], value, `${key} of an image`)
    assert.deepEqual((shown.tags as string[]).sort(), [...image.tags].sort())
    const properties = ['hw_x', '__proto__', 'constructor', 'os_distro'].filter((key) => Object.hasOwn(shown, key))
    assert.deepEqual(
      new Map(properties.map((key) => [key, shown[key]])),
      new Map([...image.properties].sort(([one], [two]) => properties.indexOf(one) - properties.indexOf(two))),
    )
  }
}

/** Members answer for themselves, but not the owner; who is none is refused, and one member does not exist for another. */
function memberAnswer(user: User, image: ModelImage, member: string): number {
  if (!sees(user, image)) return 404
  const isAdmin = user.role === 'admin'
  const isMember = user.project !== image.owner && image.members.has(user.project)
  const may = isAdmin || (user.role === 'member' && isMember)
  if (image.visibility !== 'shared' || !may) return 403
  const finds = isAdmin || user.project === member
  return finds && image.members.has(member) ? 200 : 404
}
