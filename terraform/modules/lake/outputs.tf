output "resources" {
  description = "Where everything of the lake is, as the `lake` command reads it: class Outputs of the command line describes each member."
  value = {
    name_prefix          = local.name_prefix
    environment          = var.environment
    region               = data.aws_region.current.name
    account_id           = data.aws_caller_identity.current.account_id
    buckets              = { for zone, bucket in local.buckets : zone => bucket.name }
    databases            = module.catalog.databases
    crawlers             = module.catalog.crawlers
    export_reader_roles  = module.sharing.reader_role_arns
    access_roles         = merge(module.access_roles.role_arns, { for name, arn in module.producers.role_arns : "producer/${name}" => arn })
    access_workgroups    = module.access_roles.workgroups
    workgroup            = module.athena.workgroup
    named_queries        = module.athena.named_queries
    dashboard_url        = one(module.dashboard[*].url)
    apis                 = merge(module.api[*].apis...)
    ledger_table         = module.platform.ledger_table
    incoming_queue_url   = module.ingest.incoming_queue.url
    incoming_dlq_url     = module.ingest.incoming_dlq_url
    events_dlq_url       = module.platform.events_dlq_url
    event_bus            = module.platform.event_bus
    state_machine_arns   = module.workflows.state_machine_arns
    maintenance_schedule = module.coordinator.maintenance_schedule
    alerts_topic_arn     = module.alerts.topic_arns["alerts"]
    glue_jobs            = { for folder, job in module.glue.jobs : folder => job.name }
    emr_application_id   = one([for emr in module.emr_serverless : emr.application.id])
    sources              = { for name, source in var.sources : name => source.schedule }
    streams              = { for topic, stream in var.streams : topic => stream.schedule }
    sftp                 = { for name, server in var.sftp : name => { place = "${server.host}:${server.folder}/${server.pattern}", dataset = server.dataset, schedule = server.schedule } }
    functions            = local.function_names
  }
}
