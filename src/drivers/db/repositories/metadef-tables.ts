import type { NewMetadefContents } from '../../../ports/metadefs.ts'
import type { Queryable } from '../database.ts'
import type { Statements } from '../statement.ts'
import { MetadefAssociations } from './metadef-associations.ts'
import { MetadefChildren, objectKind, propertyKind, tagKind } from './metadef-children.ts'
import { MetadefNamespaces } from './metadef-namespaces.ts'

/** The tables of metadata definitions, and what concerns all that belongs to a namespace. */
export class MetadefTables {
  readonly namespaces: MetadefNamespaces
  readonly associations: MetadefAssociations
  readonly properties
  readonly objects
  readonly tags

  constructor(statements: Statements) {
    this.namespaces = new MetadefNamespaces(statements)
    this.associations = new MetadefAssociations(statements)
    this.properties = new MetadefChildren(propertyKind, statements)
    this.objects = new MetadefChildren(objectKind, statements)
    this.tags = new MetadefChildren(tagKind, statements)
  }

  /** @throws metadef_exists for something that is there twice */
  async insertContents(
    transaction: Queryable,
    contents: NewMetadefContents,
    options: { namespaceId: number; createdAt: string; updatedAt: string | null; protectedTypes: boolean },
  ): Promise<void> {
    const { protectedTypes: protectedType, ...common } = options
    for (const fields of contents.associations ?? []) {
      await this.associations.insert(transaction, fields, { ...common, protectedType })
    }
    for (const fields of contents.objects ?? []) await this.objects.insert(transaction, fields, common)
    for (const name of contents.tags ?? []) await this.tags.insert(transaction, { name }, common)
    for (const fields of contents.properties ?? []) await this.properties.insert(transaction, fields, common)
  }

  async deleteContents(transaction: Queryable, namespaceId: number): Promise<void> {
    await this.tags.deleteAll(transaction, namespaceId)
    await this.objects.deleteAll(transaction, namespaceId)
    await this.properties.deleteAll(transaction, namespaceId)
    await this.associations.deleteAll(transaction, namespaceId)
  }
}
