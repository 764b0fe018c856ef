locals {
  # Each machine, and its steps that wait for which Glue job.
  machines = {
    forecast    = { steps = ["Forecast"], job = "demand_forecast" }
    ingest      = { steps = ["Transform", "SupersedeQuarantine"], job = "dataset_etl" }
    maintenance = { steps = ["Maintain"], job = "table_maintenance" }
    refresh     = { steps = ["Rebuild"], job = "table_refresh" }
  }

  # The coordinator starts the machines and the machines call the coordinator: one of the two ARNs has to be known beforehand.
  state_machine_arns = { for machine in keys(local.machines) : machine => "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.shared.name_prefix}-${machine}" }
}

module "state_machine" {
  source   = "../state_machine"
  for_each = local.machines

  name_prefix        = var.shared.name_prefix
  machine            = each.key
  arn                = local.state_machine_arns[each.key]
  definition_path    = "${path.module}/../../../state_machines/${each.key}.asl.json"
  function_arns      = merge({ for name, function in merge(module.function, module.light_engine.functions) : name => function.arn }, { (var.coordinator.folder) = var.coordinator.arn })
  placeholders       = { database_prefix = var.database_prefix, environment = var.shared.environment }
  glue_job           = { steps = each.value.steps, timeout_minutes = var.glue_jobs[each.value.job].timeout_minutes }
  alerts_topic_arn   = var.shared.alarm_topic_arn
  log_retention_days = var.shared.log_retention_days
  kms_key_arn        = var.shared.kms_key_arn
}
