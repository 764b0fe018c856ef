# What EMR Serverless runs: it keeps no definition of a job, so the function job_starter finds one in the bucket.
locals {
  python = "/usr/bin/python3.11"

  # EMR adds a tenth to the memory of Spark, and the sum must be that of a worker.
  memory = "${floor(var.size.worker_memory_gb * 10 / 11)}g"
  settings = concat(var.spark_settings, [
    "spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar",
    "spark.driver.cores=${var.size.worker_vcpus}",
    "spark.driver.memory=${local.memory}",
    "spark.executor.cores=${var.size.worker_vcpus}",
    "spark.executor.memory=${local.memory}",
    "spark.dynamicAllocation.initialExecutors=1",
    "spark.dynamicAllocation.maxExecutors=${var.size.executors}",
    "spark.emr-serverless.driverEnv.PYSPARK_PYTHON=${local.python}",
    "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON=${local.python}",
    "spark.emr-serverless.driverEnv.PYTHONPATH=./packages",
    "spark.executorEnv.PYSPARK_PYTHON=${local.python}",
    "spark.executorEnv.PYTHONPATH=./packages",
  ])

  # For what a run costs: all workers, all the time.
  arguments = merge({ for name, value in var.job.arguments : name => value if name != "dpus" }, {
    vcpus     = tostring(var.size.worker_vcpus * (1 + var.size.executors))
    memory_gb = tostring(var.size.worker_memory_gb * (1 + var.size.executors))
  })

  # A StartJobRun request, without what a run adds.
  template = {
    applicationId           = var.application.id
    executionRoleArn        = var.job.role_arn
    executionTimeoutMinutes = var.size.timeout_minutes
    jobDriver = {
      sparkSubmit = {
        entryPoint          = var.job.script_uri
        entryPointArguments = flatten([for name, value in local.arguments : ["--${name}", value]])
        sparkSubmitParameters = join(" ", concat(
          [for setting in local.settings : "--conf ${setting}"],
          ["--py-files ${var.job.library_uri}", "--archives ${var.application.packages_uri}#packages"],
        ))
      }
    }
    configurationOverrides = {
      monitoringConfiguration = {
        cloudWatchLoggingConfiguration            = { enabled = true, logGroupName = var.application.log_group.name }
        managedPersistenceMonitoringConfiguration = { enabled = false } # logs stay with the lake's own key
      }
    }
  }
}

resource "aws_s3_object" "this" {
  bucket       = var.artifacts_bucket
  key          = "emr_jobs/${var.job.name}.json"
  content      = jsonencode(local.template)
  content_type = "application/json"
}
