output "application" {
  description = "Id and ARN of the application, name and ARN of the log group of its job runs, and the URI of the packages they unpack."
  value = {
    id           = aws_emrserverless_application.this.id
    arn          = aws_emrserverless_application.this.arn
    log_group    = { name = aws_cloudwatch_log_group.this.name, arn = aws_cloudwatch_log_group.this.arn }
    packages_uri = "s3://${aws_s3_object.packages.bucket}/${aws_s3_object.packages.key}"
  }
}
