/** Tells which projects there are. */
export interface ProjectDirectory {
  /** @throws identity_unavailable also if the service may not ask */
  knows(projectId: string): Promise<boolean>
  close(): Promise<void>
}
