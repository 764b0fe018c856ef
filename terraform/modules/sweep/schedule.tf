module "schedule" {
  source = "../schedule"

  shared   = var.shared
  role     = "sweep-scheduler"
  function = { folder = "lake_sweeper", arn = module.lake_sweeper.arn }
  schedules = !var.schedules.enabled ? {} : {
    sweep-recent = {
      expression  = var.schedules.recent
      description = "Looks for files of the last two days that are not in the ledger, and runs that are gone."
      input       = jsonencode({ days = 2 })
    }
    sweep-full = {
      expression  = var.schedules.full
      description = "Compares all files with the ledger."
      input       = jsonencode({})
    }
  }
}

moved {
  from = aws_iam_role.sweep_scheduler
  to   = module.schedule.aws_iam_role.this[0]
}

moved {
  from = aws_iam_role_policy.sweep_scheduler
  to   = module.schedule.aws_iam_role_policy.this[0]
}

moved {
  from = aws_scheduler_schedule.sweep["recent"]
  to   = module.schedule.aws_scheduler_schedule.this["sweep-recent"]
}

moved {
  from = aws_scheduler_schedule.sweep["full"]
  to   = module.schedule.aws_scheduler_schedule.this["sweep-full"]
}
