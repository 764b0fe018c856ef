# What EMR Serverless runs: it keeps no definition of a job, so the function job_starter finds one in the bucket.
locals {
  on_emr = var.shared.emr_serverless != null

  emr_python = "/usr/bin/python3.11"

  # EMR adds a tenth to the memory of Spark, and the sum must be that of a worker.
  emr_memory = "${floor(var.emr_size.worker_memory_gb * 10 / 11)}g"
  emr_settings = concat(var.shared.spark_settings, [
    "spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar",
    "spark.driver.cores=${var.emr_size.worker_vcpus}",
    "spark.driver.memory=${local.emr_memory}",
    "spark.executor.cores=${var.emr_size.worker_vcpus}",
    "spark.executor.memory=${local.emr_memory}",
    "spark.dynamicAllocation.initialExecutors=1",
    "spark.dynamicAllocation.maxExecutors=${var.emr_size.executors}",
    "spark.emr-serverless.driverEnv.PYSPARK_PYTHON=${local.emr_python}",
    "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON=${local.emr_python}",
    "spark.emr-serverless.driverEnv.PYTHONPATH=./packages",
    "spark.executorEnv.PYSPARK_PYTHON=${local.emr_python}",
    "spark.executorEnv.PYTHONPATH=./packages",
  ])

  # For what a run costs: all workers, all the time.
  emr_arguments = merge({ for name, value in var.job.arguments : name => value if name != "dpus" }, {
    vcpus     = tostring(var.emr_size.worker_vcpus * (1 + var.emr_size.executors))
    memory_gb = tostring(var.emr_size.worker_memory_gb * (1 + var.emr_size.executors))
  })

  # A StartJobRun request, without what a run adds.
  emr_template = local.on_emr ? {
    applicationId           = var.shared.emr_serverless.id
    executionRoleArn        = aws_iam_role.this.arn
    executionTimeoutMinutes = var.emr_size.timeout_minutes
    jobDriver = {
      sparkSubmit = {
        entryPoint          = "s3://${aws_s3_object.script.bucket}/${aws_s3_object.script.key}"
        entryPointArguments = flatten([for name, value in merge(var.shared.own_arguments, local.emr_arguments) : ["--${name}", value]])
        sparkSubmitParameters = join(" ", concat(
          [for setting in local.emr_settings : "--conf ${setting}"],
          ["--py-files ${var.shared.library_uri}", "--archives ${var.shared.emr_serverless.packages_uri}#packages"],
        ))
      }
    }
    configurationOverrides = {
      monitoringConfiguration = {
        cloudWatchLoggingConfiguration            = { enabled = true, logGroupName = var.shared.emr_serverless.log_group.name }
        managedPersistenceMonitoringConfiguration = { enabled = false } # logs stay with the lake's own key
      }
    }
  } : null
}

resource "aws_s3_object" "emr_template" {
  count = local.on_emr ? 1 : 0

  bucket       = var.shared.buckets["artifacts"].name
  key          = "emr_jobs/${local.name}.json"
  content      = jsonencode(local.emr_template)
  content_type = "application/json"

  # A job whose role may not read yet fails its first run.
  depends_on = [aws_iam_role_policy.this]
}
