export const visibilities = ['public', 'private', 'shared', 'community'] as const
export type Visibility = (typeof visibilities)[number]
export type MemberStatus = 'pending' | 'accepted' | 'rejected'

export interface User {
  /** Letter of the project; each run has projects of its own. */
  readonly project: string
  readonly role: 'admin' | 'member' | 'reader'
}

export const users: readonly User[] = [
  { project: 'a', role: 'member' },
  { project: 'a', role: 'reader' },
  { project: 'b', role: 'member' },
  { project: 'b', role: 'reader' },
  { project: 'ops', role: 'admin' },
]

/** What one image should be. */
export interface ModelImage {
  readonly id: string
  readonly owner: string
  deleted: boolean
  status: 'queued' | 'active' | 'deactivated'
  visibility: Visibility
  protected: boolean
  hidden: boolean
  name: string | null
  data: Buffer | null
  readonly tags: Set<string>
  readonly properties: Map<string, string>
  readonly members: Map<string, MemberStatus>
}

/** Whether a look-up by id finds the image for the user. */
export function sees(user: User, image: ModelImage): boolean {
  if (image.deleted) return false
  if (user.role === 'admin' || user.project === image.owner) return true
  if (image.visibility === 'public' || image.visibility === 'community') return true
  return image.visibility === 'shared' && image.members.has(user.project)
}

/** The status of a refused change; undefined if the user may change the image. */
export function refusal(user: User, image: ModelImage): 403 | 404 | undefined {
  if (!sees(user, image)) return 404
  const may = user.role === 'admin' || (user.role === 'member' && user.project === image.owner)
  return may ? undefined : 403
}

export interface ListFilter {
  readonly visibility?: Visibility | 'all'
  readonly hidden: boolean
}

/** Whether the user's list shows the image. */
export function lists(user: User, image: ModelImage, { visibility, hidden }: ListFilter): boolean {
  if (image.deleted || image.hidden !== hidden) return false
  if (visibility !== undefined && visibility !== 'all' && image.visibility !== visibility) return false
  if (user.project === image.owner || image.visibility === 'public') return true
  if (image.visibility === 'community') return visibility !== undefined
  if (user.role === 'admin') return true
  return image.visibility === 'shared' && image.members.get(user.project) === 'accepted'
}
