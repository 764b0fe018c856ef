mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  job = {
    name        = "cartlake-test-table-refresh"
    role_arn    = "arn:aws:iam::123456789012:role/cartlake-test-table-refresh"
    script_uri  = "s3://test-artifacts/glue_jobs/table_refresh/main-00ff.py"
    library_uri = "s3://test-artifacts/libs/cartlake-00ff.zip"
    arguments   = { catalog = "glue_catalog", dpus = "2", quality_table = "ops.quality_results" }
  }
  application = {
    id           = "00f1"
    arn          = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1"
    log_group    = { name = "/aws/emr-serverless/cartlake-test-spark", arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/emr-serverless/cartlake-test-spark" }
    packages_uri = "s3://test-artifacts/libs/packages-00ff.zip"
  }
  artifacts_bucket = "test-artifacts"
  spark_settings   = ["spark.sql.session.timeZone=UTC"]
}

run "the_template_is_a_job_run_of_the_same_script" {
  command = plan

  variables {
    size = { executors = 2, timeout_minutes = 90 }
  }

  assert {
    condition     = local.template.jobDriver.sparkSubmit.entryPoint == var.job.script_uri && join(" ", local.template.jobDriver.sparkSubmit.entryPointArguments) == "--catalog glue_catalog --memory_gb 48 --quality_table ops.quality_results --vcpus 12"
    error_message = "It is the same script, with the same arguments but for the size of its workers."
  }

  assert {
    condition     = alltrue([for setting in ["--conf spark.sql.session.timeZone=UTC", "--conf spark.executor.memory=14g", "--conf spark.dynamicAllocation.maxExecutors=2", "--py-files s3://test-artifacts/libs/cartlake-00ff.zip", "--archives s3://test-artifacts/libs/packages-00ff.zip#packages"] : strcontains(local.template.jobDriver.sparkSubmit.sparkSubmitParameters, setting)])
    error_message = "Settings of Spark, the library and the packages must reach the job."
  }

  assert {
    condition     = local.template.executionTimeoutMinutes == 90 && local.template.applicationId == "00f1" && !local.template.configurationOverrides.monitoringConfiguration.managedPersistenceMonitoringConfiguration.enabled
    error_message = "A run is cancelled in time, and its logs stay with the key of the lake."
  }

  assert {
    condition     = jsondecode(aws_s3_object.this.content).executionRoleArn == var.job.role_arn
    error_message = "The job runs with its own role."
  }
}

run "rejects_a_worker_that_emr_serverless_does_not_have" {
  command = plan

  variables {
    size = { worker_vcpus = 3 }
  }

  expect_failures = [var.size]
}
