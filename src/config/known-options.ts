import type { KnownOptions } from './leftovers.ts'

/*
 * Names of the options that Glance and the libraries it is built on have had from Mitaka (2016) to 2026.2, so that the whole
 * configuration of an existing installation is accepted. What we use is declared beside its user; what is only named here
 * is accepted without effect.
 */

function names(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

/** Of stores: in `[glance_store]`, and in the section of a store where there are several. */
const storeOptions = names(`
  cinder_api_insecure cinder_attachment_retry_attempts cinder_ca_certificates_file cinder_catalog_info
  cinder_do_extend_attached cinder_endpoint_template cinder_enforce_multipath cinder_http_retries
  cinder_mount_point_base cinder_os_region_name cinder_state_transition_timeout
  cinder_store_application_credential_id cinder_store_application_credential_secret cinder_store_auth_address
  cinder_store_password cinder_store_project_domain_name cinder_store_project_name cinder_store_user_domain_name
  cinder_store_user_name cinder_use_multipath cinder_volume_type default_swift_reference filesystem_store_chunk_size
  filesystem_store_datadir filesystem_store_datadirs filesystem_store_file_perm filesystem_store_metadata_file
  filesystem_store_thread_pool_size filesystem_store_threadpool_threshold filesystem_store_timeout
  filesystem_thin_provisioning http_proxy_information https_ca_certificates_file https_insecure mongodb_store_db
  mongodb_store_uri os_region_name rados_connect_timeout rbd_store_ceph_conf rbd_store_chunk_size rbd_store_pool
  rbd_store_user rbd_thin_provisioning rootwrap_config s3_store_access_key s3_store_bucket
  s3_store_bucket_url_format s3_store_cacert s3_store_create_bucket_on_put s3_store_enable_data_integrity_protection
  s3_store_enable_proxy s3_store_host s3_store_large_object_chunk_size s3_store_large_object_size
  s3_store_object_buffer_dir s3_store_proxy_host s3_store_proxy_password s3_store_proxy_port s3_store_proxy_user
  s3_store_region_name s3_store_request_checksum_calculation s3_store_response_checksum_validation
  s3_store_secret_key s3_store_thread_pools sheepdog_store_address sheepdog_store_chunk_size sheepdog_store_port
  store_description swift_buffer_on_upload swift_enable_snet swift_store_admin_tenants
  swift_store_application_credential_id swift_store_application_credential_secret swift_store_auth_address
  swift_store_auth_insecure swift_store_auth_version swift_store_cacert swift_store_config_file
  swift_store_container swift_store_create_container_on_put swift_store_endpoint swift_store_endpoint_type
  swift_store_expire_soon_interval swift_store_key swift_store_large_object_chunk_size swift_store_large_object_size
  swift_store_multi_tenant swift_store_multiple_containers_seed swift_store_project_id swift_store_project_name
  swift_store_region swift_store_retry_get_count swift_store_service_type swift_store_ssl_compression
  swift_store_use_trusts swift_store_user swift_upload_buffer_dir vmware_api_insecure vmware_api_retry_count
  vmware_ca_file vmware_datacenter_path vmware_datastore_name vmware_datastores vmware_insecure vmware_server_host
  vmware_server_password vmware_server_username vmware_store_image_dir vmware_task_poll_interval weight
`)

/** Of a user of other services: how it gets its tokens, and how it reaches them. @see keystoneauth `loading` */
const serviceUserOptions = names(`
  access_key access_secret access_token access_token_endpoint access_token_type application_credential_id
  application_credential_name application_credential_secret auth_methods auth_section auth_type auth_url
  authorization_code cafile certfile client_id client_secret code collect_timing connect_retries connect_retry_delay
  consumer_key consumer_secret default_domain_id default_domain_name discovery_endpoint domain_id domain_name
  endpoint endpoint_override identity_provider identity_provider_url insecure interface keyfile max_version
  min_version passcode password project_domain_id project_domain_name project_id project_name protocol redirect_uri
  region_name scope service_name service_provider_endpoint service_provider_entity_id service_type split_loggers
  status_code_retries status_code_retry_delay system_scope tenant_id tenant_name timeout token trust_id url
  user_domain_id user_domain_name user_id user_name username valid_interfaces version
`)

/** @see glance `etc/*.conf` of all releases */
export const knownOptions: KnownOptions = {
  anyGroup: [...storeOptions, ...serviceUserOptions],
  groups: {
    DEFAULT: names(`
      admin_password admin_role admin_tenant_name admin_user allow_additional_image_properties
      allow_anonymous_access allowed_rpc_exception_modules amqp_auto_delete amqp_durable_queues api_limit_max
      auth_plugin auth_region auth_strategy auth_url backdoor_port backdoor_socket backlog bind_host bind_port
      ca_file cache_prefetcher_interval cert_file chunksize cinder_api_insecure cinder_ca_certificates_file
      cinder_catalog_info cinder_endpoint_template cinder_http_retries cleanup_scrubber cleanup_scrubber_time
      client_socket_timeout config_dir config_file conn_pool_min_size conn_pool_ttl container_formats
      control_exchange daemon data_api db_auto_create db_backend db_enforce_mysql_charset dbapi_use_tpool debug
      default_log_levels default_publisher_id default_store default_swift_reference delayed_delete
      digest_algorithm direct_over_proxy disable_process_locking disabled_notifications disk_formats
      do_secure_hash dontreplicate enable_image_import
      enable_v1_api enable_v1_registry enable_v2_api enable_v2_registry
      enable_v3_api enabled_backends enabled_import_methods enforce_secure_rbac eventlet_executor_pool_size
      executor_thread_pool_size fake_rabbit fatal_deprecations filesystem_store_datadir
      filesystem_store_datadirs filesystem_store_metadata_file graceful_shutdown_timeout hashing_algorithm
      http_keepalive http_retries image_cache_dir image_cache_driver image_cache_invalid_entry_grace_period
      image_cache_max_size image_cache_sqlite_db image_cache_stall_time image_location_quota image_member_quota
      image_property_quota image_size_cap image_tag_quota instance_format instance_uuid_format key_file
      known_stores kombu_reconnect_delay kombu_reconnect_timeout kombu_ssl_ca_certs kombu_ssl_certfile
      kombu_ssl_keyfile kombu_ssl_version limit_param_default location_strategy lock_path log_color log_config
      log_config_append log_date_format log_dir log_file log_format log_options log_rotate_interval
      log_rotate_interval_type log_rotation_type logdir logfile logging_context_format_string
      logging_debug_format_suffix logging_default_format_string logging_exception_prefix
      logging_user_identity_format mastertoken matchmaker_heartbeat_freq matchmaker_heartbeat_ttl matchmaker_ringfile
      max_header_line max_logfile_count max_logfile_size_mb max_request_id_length memcache_servers
      metadata_encryption_key metadata_source_path metaonly node_staging_uri notification_driver notification_topics
      notification_transport_url notifier_strategy os_region_name owner_is_tenant pipe_handle
      policy_default_rule policy_dirs policy_file property_protection_file property_protection_rule_format
      public_endpoint publish_errors pydev_worker_debug_host pydev_worker_debug_port python_interpreter
      qpid_heartbeat qpid_hostname qpid_hosts qpid_notification_exchange qpid_notification_topic qpid_password
      qpid_port qpid_protocol qpid_receiver_capacity qpid_reconnect_interval qpid_reconnect_interval_max
      qpid_reconnect_interval_min qpid_reconnect_limit qpid_reconnect_timeout qpid_sasl_mechanisms
      qpid_tcp_nodelay qpid_topology_version qpid_username rabbit_durable_queues rabbit_ha_queues rabbit_host
      rabbit_hosts rabbit_login_method rabbit_max_retries rabbit_notification_exchange rabbit_notification_topic
      rabbit_password rabbit_port rabbit_retry_backoff rabbit_use_ssl rabbit_userid rabbit_virtual_host
      rate_limit_burst rate_limit_except_level rate_limit_interval rbd_store_ceph_conf rbd_store_chunk_size
      rbd_store_pool rbd_store_user registry_client_ca_file registry_client_cert_file registry_client_insecure
      registry_client_key_file registry_client_protocol registry_client_timeout registry_host registry_port
      restore rpc_ack_timeout_base rpc_ack_timeout_multiplier rpc_backend rpc_cast_timeout rpc_conn_pool_size
      rpc_message_ttl rpc_ping_enabled rpc_poll_timeout rpc_response_timeout rpc_retry_attempts
      rpc_thread_pool_size rpc_use_acks rpc_zmq_bind_address rpc_zmq_bind_port_retries rpc_zmq_concurrency
      rpc_zmq_contexts rpc_zmq_host rpc_zmq_ipc_dir rpc_zmq_matchmaker rpc_zmq_max_port rpc_zmq_min_port
      rpc_zmq_port rpc_zmq_serialization rpc_zmq_topic_backlog run_external_periodic_tasks s3_store_access_key
      s3_store_bucket s3_store_bucket_url_format s3_store_create_bucket_on_put s3_store_host
      s3_store_large_object_chunk_size s3_store_large_object_size s3_store_object_buffer_dir s3_store_secret_key
      s3_store_thread_pools scrub_pool_size scrub_time scrubber_datadir secure_proxy_ssl_header
      send_identity_headers sheepdog_store_address sheepdog_store_chunk_size sheepdog_store_port
      show_image_direct_url show_multiple_locations slavetoken
      sourcetoken sql_connection sql_connection_debug sql_connection_trace
      sql_idle_timeout sql_max_overflow sql_max_pool_size sql_max_retries sql_min_pool_size sql_retry_interval
      sqlalchemy_debug sqlite_db sqlite_synchronous ssl_ca_file ssl_cert_file ssl_key_file store_type_preference
      swift_enable_snet swift_store_admin_tenants swift_store_auth_address swift_store_auth_insecure
      swift_store_auth_version swift_store_cacert swift_store_config_file swift_store_container
      swift_store_create_container_on_put swift_store_endpoint swift_store_key
      swift_store_large_object_chunk_size swift_store_large_object_size swift_store_multi_tenant
      swift_store_region swift_store_retry_get_count swift_store_ssl_compression swift_store_user
      syslog_log_facility targettoken task_executor task_pool_threads
      task_time_to_live tcp_keepidle token trace_sqlalchemy
      transport_url use_dynamic_connections use_eventlog use_journal use_json use_keystone_limits use_pub_sub
      use_router_proxy use_ssl use_stderr use_syslog use_syslog_rfc_format use_user_token user_storage_quota
      verbose vmware_api_insecure vmware_api_retry_count vmware_datacenter_path vmware_datastore_name
      vmware_server_host vmware_server_password vmware_server_username vmware_store_image_dir
      vmware_task_poll_interval wakeup_time watch_log_file worker_self_reference_url workers
      zmq_failover_connections zmq_immediate zmq_linger zmq_target_expire zmq_target_update zmq_tcp_keepalive
      zmq_tcp_keepalive_cnt zmq_tcp_keepalive_idle zmq_tcp_keepalive_intvl
    `),
    amqp1: names(`
      allow_insecure_clients broadcast_prefix container_name group_request_prefix idle_timeout password
      sasl_config_dir sasl_config_name sasl_mechanisms server_request_prefix ssl_ca_file ssl_cert_file
      ssl_key_file ssl_key_password trace username
    `),
    audit_middleware_notifications: names('driver mem_queue_size topics transport_url use_oslo_messaging'),
    backend_defaults: storeOptions,
    barbican: names(`
      auth_endpoint barbican_api_version barbican_endpoint barbican_endpoint_type barbican_region_name
      number_of_retries retry_delay send_service_user_token verify_ssl verify_ssl_path
    `),
    barbican_service_user: [
      ...serviceUserOptions,
      ...names(`
      auth_plugin
      `),
    ],
    cinder: storeOptions,
    cors: names('allow_credentials allow_headers allow_methods allowed_origin expose_headers max_age'),
    'cors.subdomain': names('allow_credentials allow_headers allow_methods allowed_origin expose_headers max_age'),
    database: names(`
      asyncio_connection asyncio_slave_connection backend connection connection_debug connection_parameters
      connection_recycle_time connection_trace db_inc_retry_interval db_max_retries db_max_retry_interval
      db_retry_interval idle_timeout max_overflow max_pool_size max_retries min_pool_size mysql_enable_ndb
      mysql_sql_mode mysql_wsrep_sync_wait pool_timeout reconnect_interval retry_interval slave_connection
      sql_connection sql_idle_timeout sql_max_pool_size sql_max_retries sql_min_pool_size
      sqlalchemy_max_overflow sqlalchemy_pool_timeout sqlite_db sqlite_synchronous use_db_reconnect use_tpool
    `),
    file: storeOptions,
    'glance.store.http.store': storeOptions,
    'glance.store.rbd.store': storeOptions,
    'glance.store.s3.store': storeOptions,
    'glance.store.sheepdog.store': storeOptions,
    'glance.store.swift.store': storeOptions,
    'glance.store.vmware_datastore.store': storeOptions,
    glance_download_opts: names('extra_properties'),
    glance_download_properties: names('extra_properties'),
    glance_store: [
      ...storeOptions,
      ...names('default_backend default_store store_capabilities_update_min_interval stores'),
    ],
    healthcheck: names(`
      allowed_source_ranges backends detailed disable_by_file_path disable_by_file_paths enable_by_file_paths
      ignore_proxied_requests path
    `),
    image_conversion: names('output_format'),
    image_format: names(`
      container_formats disk_formats gpt_safety_checks_nonfatal require_image_format_match vmdk_allowed_types
    `),
    image_import_opts: names('image_import_plugins'),
    import_filtering_opts: names(`
      allowed_hosts allowed_ports allowed_schemes disallowed_hosts disallowed_ports disallowed_schemes
    `),
    inject_metadata_properties: names('ignore_user_roles inject'),
    key_manager: names(`
      api_class auth_type auth_url backend domain_id domain_name password project_domain_id project_domain_name
      project_id project_name reauthenticate token trust_id user_domain_id user_domain_name user_id username
    `),
    keystone_authtoken: [
      ...serviceUserOptions,
      ...names(`
      admin_password admin_tenant_name admin_token admin_user auth_admin_prefix auth_host auth_plugin auth_port
      auth_protocol auth_uri auth_version cache check_revocations_for_cached delay_auth_decision
      enforce_token_bind hash_algorithms http_connect_timeout http_request_max_retries identity_uri
      include_service_catalog memcache_password memcache_pool_conn_get_timeout memcache_pool_dead_retry
      memcache_pool_maxsize memcache_pool_socket_timeout memcache_pool_unused_timeout memcache_sasl_enabled
      memcache_secret_key memcache_security_strategy memcache_servers memcache_use_advanced_pool
      memcache_username memcached_servers revocation_cache_time service_token_roles service_token_roles_required
      signing_dir token_cache_time www_authenticate_uri
      `),
    ],
    matchmaker_redis: names(`
      check_timeout host password port sentinel_group_name sentinel_hosts socket_timeout wait_timeout
    `),
    matchmaker_ring: names('ringfile'),
    os_brick: names('lock_path wait_mpath_device_attempts wait_mpath_device_interval'),
    os_glance_staging_store: storeOptions,
    os_glance_tasks_store: storeOptions,
    oslo_concurrency: names('disable_process_locking lock_path'),
    oslo_limit: [
      ...serviceUserOptions,
      ...names(`
      endpoint_id endpoint_interface endpoint_region_name endpoint_service_name endpoint_service_type
      retriable_status_codes
      `),
    ],
    oslo_messaging_amqp: names(`
      addressing_mode allow_insecure_clients anycast_address broadcast_prefix connection_retry_backoff
      connection_retry_interval connection_retry_interval_max container_name default_notification_exchange
      default_notify_timeout default_reply_retry default_reply_timeout default_rpc_exchange default_send_timeout
      default_sender_link_timeout group_request_prefix idle_timeout link_retry_delay multicast_address
      notify_address_prefix notify_server_credit password pre_settled pseudo_vhost reply_link_credit
      rpc_address_prefix rpc_server_credit sasl_config_dir sasl_config_name sasl_default_realm sasl_mechanisms
      server_request_prefix ssl ssl_ca_file ssl_cert_file ssl_key_file ssl_key_password ssl_verify_vhost trace
      unicast_address username
    `),
    oslo_messaging_kafka: names(`
      compression_codec conn_pool_min_size conn_pool_ttl consumer_group enable_auto_commit
      kafka_consumer_timeout kafka_default_host kafka_default_port kafka_max_fetch_bytes max_poll_records
      pool_size producer_batch_size producer_batch_timeout sasl_mechanism security_protocol ssl_cafile
      ssl_client_cert_file ssl_client_key_file ssl_client_key_password
    `),
    oslo_messaging_notifications: names('driver retry topics transport_url'),
    oslo_messaging_qpid: names(`
      amqp_auto_delete amqp_durable_queues qpid_heartbeat qpid_hostname qpid_hosts qpid_password qpid_port
      qpid_protocol qpid_receiver_capacity qpid_sasl_mechanisms qpid_tcp_nodelay qpid_topology_version
      qpid_username send_single_reply
    `),
    oslo_messaging_rabbit: names(`
      amqp_auto_delete amqp_durable_queues channel_max conn_pool_min_size conn_pool_ttl connection_factory
      default_notification_exchange default_notification_retry_attempts default_rpc_exchange
      default_rpc_retry_attempts default_serializer_type direct_mandatory_flag enable_cancel_on_failover
      fake_rabbit frame_max heartbeat_in_pthread heartbeat_interval heartbeat_rate heartbeat_timeout_threshold
      host_connection_reconnect_delay hostname kombu_compression kombu_failover_strategy
      kombu_missing_consumer_retry_timeout kombu_reconnect_delay kombu_reconnect_splay kombu_reconnect_timeout
      kombu_ssl_ca_certs kombu_ssl_certfile kombu_ssl_keyfile kombu_ssl_version
      notification_listener_prefetch_count notification_persistence notification_retry_delay pool_max_overflow
      pool_max_size pool_recycle pool_stale pool_timeout processname rabbit_ha_queues rabbit_host rabbit_hosts
      rabbit_interval_max rabbit_login_method rabbit_max_retries rabbit_password rabbit_port
      rabbit_qos_prefetch_count rabbit_quorum_delivery_limit rabbit_quorum_max_memory_bytes
      rabbit_quorum_max_memory_length rabbit_quorum_queue rabbit_quroum_max_memory_bytes
      rabbit_quroum_max_memory_length rabbit_retry_backoff rabbit_retry_interval rabbit_stream_fanout
      rabbit_transient_queues_ttl rabbit_transient_quorum_queue rabbit_use_ssl rabbit_userid rabbit_virtual_host
      rpc_conn_pool_size rpc_listener_prefetch_count rpc_queue_expiration rpc_reply_exchange
      rpc_reply_listener_prefetch_count rpc_reply_retry_attempts rpc_reply_retry_delay rpc_retry_delay
      send_single_reply socket_timeout ssl ssl_ca_file ssl_cert_file ssl_enforce_fips_mode
      ssl_enforce_hostname_verification ssl_key_file ssl_options ssl_version tcp_user_timeout use_queue_manager
    `),
    oslo_messaging_zmq: names(`
      rpc_ack_timeout_base rpc_ack_timeout_multiplier rpc_cast_timeout rpc_message_ttl rpc_poll_timeout
      rpc_retry_attempts rpc_thread_pool_size rpc_use_acks rpc_zmq_bind_address rpc_zmq_bind_port_retries
      rpc_zmq_contexts rpc_zmq_host rpc_zmq_ipc_dir rpc_zmq_matchmaker rpc_zmq_max_port rpc_zmq_min_port
      rpc_zmq_serialization rpc_zmq_topic_backlog subscribe_on use_dynamic_connections use_pub_sub
      use_router_proxy zmq_failover_connections zmq_immediate zmq_linger zmq_target_expire zmq_target_update
      zmq_tcp_keepalive zmq_tcp_keepalive_cnt zmq_tcp_keepalive_idle zmq_tcp_keepalive_intvl
    `),
    oslo_middleware: names('enable_proxy_headers_parsing'),
    oslo_policy: names(`
      enforce_new_defaults enforce_scope policy_default_rule policy_dirs policy_file remote_content_type
      remote_ssl_ca_crt_file remote_ssl_client_crt_file remote_ssl_client_key_file remote_ssl_verify_server_crt
      remote_timeout
    `),
    oslo_reports: names('file_event_handler file_event_handler_interval log_dir'),
    paste_deploy: names('config_file flavor'),
    profiler: names(`
      connection_string enabled es_doc_type es_scroll_size es_scroll_time filter_error_trace hmac_keys
      profiler_enabled sentinel_service_name socket_timeout trace_requests trace_sqlalchemy
    `),
    rpc_notifier2: names('topics'),
    sql: names('connection idle_timeout'),
    ssl: names('ca_file cert_file ciphers key_file version'),
    store_type_location_strategy: names('store_type_preference'),
    task: names('eventlet_executor_pool_size task_executor task_time_to_live taskflow_executor work_dir'),
    taskflow_executor: names('conversion_format engine_mode max_workers'),
    vault: names(`
      approle_role_id approle_secret_id kv_mountpoint kv_path kv_version namespace root_token_id ssl_ca_crt_file
      timeout use_ssl vault_url
    `),
    wsgi: names('python_interpreter task_pool_threads'),
  },
}
