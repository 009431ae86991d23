import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ManageCache } from '../../domain/cache/manage-cache.ts'
import { UriFilter } from '../../domain/fetch/uri-filter.ts'
import { ContentRules } from '../../domain/formats/content-rules.ts'
import { ImageActions } from '../../domain/images/actions.ts'
import { CreateImage } from '../../domain/images/create.ts'
import { DataReaders } from '../../domain/images/data-readers.ts'
import { DeleteImage } from '../../domain/images/delete.ts'
import { DeleteFromStore } from '../../domain/images/delete-from-store.ts'
import { DownloadImage } from '../../domain/images/download.ts'
import { ImageFinder } from '../../domain/images/find.ts'
import { LocationChanges } from '../../domain/images/locations.ts'
import { PatchImage } from '../../domain/images/patch.ts'
import { ShowImages } from '../../domain/images/show.ts'
import { ImageTags } from '../../domain/images/tags.ts'
import { UploadImage } from '../../domain/images/upload.ts'
import { ForgetImport } from '../../domain/import/forget-import.ts'
import { ImportTasks } from '../../domain/import/import-tasks.ts'
import { StageImage } from '../../domain/import/stage.ts'
import { StartImport } from '../../domain/import/start-import.ts'
import { TaskImport } from '../../domain/import/task-import.ts'
import { ExternalLocations } from '../../domain/locations/external-location.ts'
import { ImageLocations } from '../../domain/locations/image-locations.ts'
import { ImageMembers } from '../../domain/members/members.ts'
import { Metadefs } from '../../domain/metadefs/metadefs.ts'
import { ImageAccess } from '../../domain/policy/image-access.ts'
import { MemberAccess } from '../../domain/policy/member-access.ts'
import { MetadefAccess } from '../../domain/policy/metadef-access.ts'
import { ServiceAccess } from '../../domain/policy/service-access.ts'
import { RuleBook } from '../../domain/replication/rule-book.ts'
import { Tasks } from '../../domain/tasks/tasks.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Origin } from '../plugins/proxy.ts'
import { ImageSchema } from '../schemas/image.ts'
import { cacheManagementRoutes, cacheRoutes } from './cache.ts'
import { discoveryRoutes } from './discovery.ts'
import { imageActionRoutes } from './image-actions.ts'
import { imageDataRoutes } from './image-data.ts'
import { imageImportRoutes } from './image-import.ts'
import { imageMemberRoutes } from './image-members.ts'
import { imageTagRoutes } from './image-tags.ts'
import { imageRoutes } from './images.ts'
import { locationRoutes } from './locations.ts'
import { metadefRoutes } from './metadefs/metadefs.ts'
import { passRoutes } from './passes.ts'
import { replicationRoutes } from './replication.ts'
import { schemaRoutes } from './schemas.ts'
import { storeRoutes } from './stores.ts'
import { taskRoutes } from './tasks.ts'
import { usageRoutes } from './usage.ts'

/** Headers by which a creation tells what may come next. @see glance `api/v2/images.py` `ResponseSerializer.create` */
function creationHeaders({ stores, config }: AppDependencies): Record<string, string> {
  const headers: Record<string, string> = {}
  if (config.importMethods.length > 0) headers['openstack-image-import-methods'] = config.importMethods.join(',')
  if (stores.multiple) {
    headers['openstack-image-store-ids'] = stores
      .list()
      .map(({ store }) => store.id)
      .join(',')
  }
  return headers
}

/** Serves everything below `/v2`. */
export function registerV2(
  app: FastifyInstance,
  { deps, origin }: { deps: AppDependencies; origin: (request: FastifyRequest) => Origin },
): void {
  const { repositories, policy, protections, stores, log, config } = deps
  const access = new ImageAccess(policy)
  const finder = new ImageFinder(repositories, access)
  const quotas = {
    properties: config.images.image_property_quota,
    tags: config.images.image_tag_quota,
    members: config.images.image_member_quota,
    locations: config.images.image_location_quota,
  }
  const schema = new ImageSchema({
    containerFormats: config.formats.container_formats,
    diskFormats: config.formats.disk_formats,
    allowAdditionalProperties: config.images.allow_additional_image_properties,
    customProperties: deps.customProperties?.properties ?? null,
    requiredProperties: deps.customProperties?.required ?? [],
  })
  const external = new ExternalLocations(stores, {
    webFilter: new UriFilter(config.importFiltering),
    capBytes: config.upload.capBytes,
  })
  const locations = new LocationChanges({
    stores,
    log,
    quotas,
    enabled: config.images.show_multiple_locations,
    delayed: config.images.delayed_delete,
    hashingAlgorithm: config.hashingAlgorithm,
    external,
  })
  const { images, scrub } = repositories
  const limits = { default: config.images.limit_param_default, maximum: config.images.api_limit_max }
  const serviceAccess = new ServiceAccess(policy)
  const create = new CreateImage(images, { access, quotas, projectQuotas: deps.quotas, protections })
  const importTasks = new ImportTasks(repositories.tasks, { timeToLiveHours: config.taskTimeToLiveHours })
  const imports = new StartImport(repositories, {
    finder,
    access,
    stores,
    jobs: deps.jobs,
    tasks: importTasks,
    fetcher: deps.fetcher,
    quotas: deps.quotas,
    delegation: deps.identity.delegation,
    stagesPerNode: config.workerUrl !== null,
    stageWatchMs: config.stageWatchMs,
  })
  const tasks = new Tasks(repositories.tasks, {
    access: serviceAccess,
    finder,
    images: access,
    imports: new TaskImport({
      images: repositories.images,
      create,
      imports,
      tasks: importTasks,
      stores,
      fetcher: deps.fetcher,
    }),
    timeToLiveHours: config.taskTimeToLiveHours,
  })
  const downloadCache = config.cacheServesDownloads ? deps.cache : undefined
  const manageCache = new ManageCache({ cache: deps.cache, prefetcher: deps.prefetcher, finder, policy })
  const readers = new DataReaders(repositories.members, { stores })
  app.register(
    async (v2) => {
      v2.get('', (request, reply) => {
        const { scheme, host, prefix } = origin(request)
        return reply.redirect(`${scheme}://${host}${prefix}/v2/`)
      })
      schemaRoutes(v2, schema)
      imageRoutes(v2, {
        create,
        show: new ShowImages(images, { finder, access, protections }),
        patch: new PatchImage(images, {
          finder,
          access,
          quotas,
          locations,
          readers,
          projectQuotas: deps.quotas,
          protections,
        }),
        delete: new DeleteImage(images, {
          imports: new ForgetImport(deps.jobs, deps.staging),
          cache: downloadCache,
          finder,
          access,
          stores,
          log,
          delayed: config.images.delayed_delete,
        }),
        schema,
        view: {
          showMultipleLocations: config.images.show_multiple_locations,
          showDirectUrl: config.images.show_image_direct_url,
          multiStore: stores.multiple,
          shows: (property) => schema.shows(property),
          names: (property) => schema.names(property),
        },
        limits,
        origin,
        creationHeaders: creationHeaders(deps),
      })
      imageDataRoutes(v2, {
        uploads: new UploadImage(images, {
          finder,
          access,
          stores,
          digests: deps.digests,
          readers,
          limits: config.upload,
          content: new ContentRules(config.formats),
          quotas: deps.quotas,
          hashingAlgorithm: config.hashingAlgorithm,
          log,
        }),
        staging: new StageImage(images, {
          finder,
          access,
          staging: deps.staging,
          quotas: deps.quotas,
          capBytes: config.upload.capBytes,
          selfUrl: config.workerUrl ?? config.http.public_endpoint,
          enabled: config.importMethods.includes('glance-direct'),
          log,
        }),
        downloads: new DownloadImage({ finder, access, stores, cache: downloadCache, log }),
        libc: deps.libc,
      })
      imageImportRoutes(v2, { imports, enabled: config.importMethods })
      imageTagRoutes(v2, { tags: new ImageTags(images, { finder, access, quotas }), schema })
      metadefRoutes(v2, {
        metadefs: new Metadefs({ metadefs: repositories.metadefs, access: new MetadefAccess(policy) }),
        limits,
        origin,
      })
      taskRoutes(v2, { tasks, schema, limits, origin })
      discoveryRoutes(v2, { stores, access: serviceAccess, importMethods: config.importMethods })
      cacheRoutes(v2, manageCache)
      if (config.hasCacheManagement) cacheManagementRoutes(v2, manageCache)
      usageRoutes(v2, deps.quotas)
      passRoutes(v2, { repositories, access: serviceAccess, limits })
      replicationRoutes(v2, {
        rules: new RuleBook(repositories.replication, { configured: config.replicationRules }),
        statuses: repositories.replication,
        stores,
        access: serviceAccess,
        limits,
      })
      storeRoutes(
        v2,
        new DeleteFromStore(images, { finder, access, scrub, stores, log, delayed: config.images.delayed_delete }),
      )
      locationRoutes(
        v2,
        new ImageLocations({
          finder,
          access,
          stores,
          tasks: repositories.tasks,
          jobs: repositories.jobs,
          queue: deps.jobs,
          sealer: deps.sealer,
        }),
      )
      imageActionRoutes(v2, new ImageActions(images, { finder, access }))
      imageMemberRoutes(
        v2,
        new ImageMembers(repositories.members, { finder, access: new MemberAccess(policy), quotas, readers }),
      )
    },
    { prefix: '/v2' },
  )
}
