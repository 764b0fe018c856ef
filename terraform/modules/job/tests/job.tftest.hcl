mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  shared = {
    name_prefix            = "cartlake-test"
    artifacts_dir          = "../../fixtures/artifacts"
    glue_version           = "5.1"
    security_configuration = "cartlake-test"
    arguments              = { job-language = "python", conf = "a=b" }
    buckets = {
      raw       = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
      processed = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
      curated   = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
      artifacts = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
    }
    databases          = { processed = "processed", curated = "dev_curated" }
    state_machine_arns = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
    log_retention_days = 30
    kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }
  job = {
    folder      = "table_refresh"
    description = "Marts."
    arguments   = { quality_table = "ops.quality_results" }
    access = {
      read_paths      = ["raw/incoming/", "processed/"]
      write_paths     = ["curated/"]
      read_databases  = ["processed"]
      write_databases = ["curated"]
      function_arns   = ["arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator"]
    }
  }
  size = { number_of_workers = 4 }
}

run "logs_expire_where_glue_writes_them" {
  command = plan

  assert {
    condition = { for group in aws_cloudwatch_log_group.this : group.name => group.retention_in_days } == {
      "/aws-glue/jobs/cartlake-test-role/cartlake-test-table-refresh/error"  = 30
      "/aws-glue/jobs/cartlake-test-role/cartlake-test-table-refresh/output" = 30
    }
    error_message = "Groups that Glue makes itself never expire: these must have the names Glue uses."
  }

  # The job runs as asked.
  assert {
    condition     = aws_glue_job.this[0].name == "cartlake-test-table-refresh" && aws_glue_job.this[0].glue_version == "5.1"
    error_message = "A job is named after its folder and runs on the chosen release."
  }

  assert {
    condition     = aws_glue_job.this[0].default_arguments["--job-language"] == "python" && aws_glue_job.this[0].default_arguments["--quality_table"] == "ops.quality_results"
    error_message = "Shared arguments and those of the job must reach it."
  }

  assert {
    condition     = aws_glue_job.this[0].number_of_workers == 4 && aws_glue_job.this[0].worker_type == "G.1X"
    error_message = "A job has its own size."
  }

  assert {
    condition     = aws_glue_job.this[0].execution_property[0].max_concurrent_runs == 1
    error_message = "One run at a time, unless a job asks for more."
  }

  assert {
    condition     = aws_glue_job.this[0].max_retries == 0
    error_message = "Glue must not retry: the token of the first attempt would be gone."
  }

  assert {
    condition     = aws_glue_job.this[0].security_configuration == "cartlake-test"
    error_message = "What a job writes and logs must be encrypted."
  }

  # Code is named by its content.
  assert {
    condition     = aws_glue_job.this[0].command[0].script_location == "s3://test-artifacts/glue_jobs/table_refresh/main-${filesha256("../../fixtures/artifacts/glue/jobs/table_refresh.py")}.py"
    error_message = "A new script must be a new object."
  }

  # The role reaches its own zones.
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "WriteTableFiles"]) == toset(["arn:aws:s3:::test-curated/*"])
    error_message = "A job may write the zones it names only."
  }

  assert {
    condition     = contains(one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "ReadObjects"]), "arn:aws:s3:::test-raw/incoming/*")
    error_message = "A job must read what it names."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "CommitTables"]) == toset(["arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/dev_curated", "arn:aws:glue:eu-west-1:123456789012:table/dev_curated/*"])
    error_message = "A job may commit to tables of its databases only, whatever their prefix."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "ReportToStateMachine"]) == toset(var.shared.state_machine_arns)
    error_message = "A job may end steps of the lake's machines only."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "CallFunctions"]) == toset(["arn:aws:lambda:eu-west-1:123456789012:function:cartlake-test-run-coordinator"])
    error_message = "A job calls what it names."
  }

  # Only Glue of this account takes the role.
  assert {
    condition     = one(one(data.aws_iam_policy_document.assume.statement).principals).identifiers == toset(["glue.amazonaws.com"])
    error_message = "Nothing but Glue may take the role."
  }

  assert {
    condition     = { for one in one(data.aws_iam_policy_document.assume.statement).condition : one.variable => "${one.test} ${join(",", one.values)}" } == { "aws:SourceAccount" = "StringEqualsIfExists 123456789012" }
    error_message = "Glue must not take the role for another account."
  }
}

run "a_job_that_names_nothing_may_touch_nothing" {
  command = plan

  variables {
    job = { folder = "dataset_etl", description = "Looks." }
  }

  assert {
    condition     = length([for statement in data.aws_iam_policy_document.this.statement : statement if contains(["CallFunctions", "WriteTableFiles", "CommitTables"], statement.sid)]) == 0
    error_message = "A job that names no function calls none, and writes no table."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a job without workers.
    size = { number_of_workers = 1 }
    # Rejects a path that is no folder.
    job = { folder = "dataset_etl", description = "Wrong path.", access = { read_paths = ["raw/incoming"] } }
  }

  expect_failures = [var.size, var.job]
}

run "on_emr_serverless_the_role_has_the_same_rights_and_none_on_glue_itself" {
  command = plan

  variables {
    shared = {
      name_prefix            = "cartlake-test"
      artifacts_dir          = "../../fixtures/artifacts"
      glue_version           = "5.1"
      security_configuration = "cartlake-test"
      arguments              = {}
      buckets = {
        raw       = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
        processed = { name = "test-processed", arn = "arn:aws:s3:::test-processed" }
        curated   = { name = "test-curated", arn = "arn:aws:s3:::test-curated" }
        artifacts = { name = "test-artifacts", arn = "arn:aws:s3:::test-artifacts" }
      }
      databases          = { processed = "processed", curated = "dev_curated" }
      state_machine_arns = ["arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-ingest"]
      log_retention_days = 30
      kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/k"
      emr_log_group      = { name = "/aws/emr-serverless/cartlake-test-spark", arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/emr-serverless/cartlake-test-spark" }
    }
  }

  assert {
    condition     = length(aws_glue_job.this) == 0 && output.job.arn == null && output.job.name == "cartlake-test-table-refresh"
    error_message = "There is no job on Glue."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.assume.statement : one(statement.principals).identifiers]) == toset(["emr-serverless.amazonaws.com"])
    error_message = "EMR Serverless assumes the role of the job."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement.resources if statement.sid == "WriteTableFiles"]) == toset(["arn:aws:s3:::test-curated/*"]) && length([for statement in data.aws_iam_policy_document.this.statement : statement if contains(["UseSecurityConfiguration", "SendMetrics", "JoinNetwork"], statement.sid)]) == 0
    error_message = "The job may touch what it may touch on Glue, and needs no right on Glue's own."
  }
}
