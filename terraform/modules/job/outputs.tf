output "job" {
  description = "Name of the job, the minutes after which Glue stops it, ARN of its role, URI of its script, and the ARN of the job, null where EMR Serverless runs it."
  value = {
    name            = local.name
    arn             = one(aws_glue_job.this[*].arn)
    role_arn        = aws_iam_role.this.arn
    script_uri      = "s3://${aws_s3_object.script.bucket}/${aws_s3_object.script.key}"
    timeout_minutes = var.size.timeout_minutes
  }

  # A job whose role may not read yet fails its first run.
  depends_on = [aws_iam_role_policy.this]
}
