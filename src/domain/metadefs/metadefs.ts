import type { MetadefBase } from './find.ts'
import { MetadefNamespaces } from './namespaces.ts'
import { MetadefObjects } from './objects.ts'
import { MetadefProperties } from './properties.ts'
import { MetadefResourceTypes } from './resource-types.ts'
import { MetadefTags } from './tags.ts'

/** The services of metadata definitions. Every change passes through `base.metadefs`, where it can be observed. */
export class Metadefs {
  readonly namespaces: MetadefNamespaces
  readonly properties: MetadefProperties
  readonly objects: MetadefObjects
  readonly tags: MetadefTags
  readonly resourceTypes: MetadefResourceTypes

  constructor(base: MetadefBase) {
    this.namespaces = new MetadefNamespaces(base)
    this.properties = new MetadefProperties(base)
    this.objects = new MetadefObjects(base)
    this.tags = new MetadefTags(base)
    this.resourceTypes = new MetadefResourceTypes(base)
  }
}
