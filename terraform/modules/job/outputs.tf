output "job" {
  description = "Name of the job, the minutes after which it is stopped, ARN of its role, and on Glue the ARN of the job, else null."
  value = {
    name            = local.name
    arn             = one(aws_glue_job.this[*].arn)
    role_arn        = aws_iam_role.this.arn
    timeout_minutes = local.on_emr ? var.emr_size.timeout_minutes : var.size.timeout_minutes
  }
}
