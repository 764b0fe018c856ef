module "schedule" {
  source = "../schedule"

  shared   = var.shared
  role     = "scheduler"
  function = { folder = "run_coordinator", arn = module.run_coordinator.arn }
  schedules = merge(
    { for expression in var.maintenance_schedule[*] : "maintenance" => {
      expression  = expression
      description = "Checks all tables, and maintains those that need it."
      input       = jsonencode({ action = "maintain" })
    } },
    { for expression in var.forecast_schedule[*] : "forecast" => {
      expression  = expression
      description = "Forecasts demand, and measures what prices do to it."
      input       = jsonencode({ action = "forecast" })
    } },
  )
}

moved {
  from = aws_iam_role.scheduler[0]
  to   = module.schedule.aws_iam_role.this[0]
}

moved {
  from = aws_iam_role_policy.scheduler[0]
  to   = module.schedule.aws_iam_role_policy.this[0]
}

moved {
  from = aws_scheduler_schedule.maintenance[0]
  to   = module.schedule.aws_scheduler_schedule.this["maintenance"]
}
