mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix      = "cartlake-test"
  artifacts_bucket = "test-artifacts"
  artifacts_dir    = "../../fixtures/artifacts"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

run "nothing_runs_or_grows_without_end" {
  command = plan

  assert {
    condition     = aws_emrserverless_application.this.auto_start_configuration[0].enabled && aws_emrserverless_application.this.auto_stop_configuration[0].enabled && aws_emrserverless_application.this.auto_stop_configuration[0].idle_timeout_minutes == 15
    error_message = "The application starts with a job run and stops when it is idle."
  }

  assert {
    condition     = aws_emrserverless_application.this.maximum_capacity[0].cpu == "16 vCPU" && aws_emrserverless_application.this.maximum_capacity[0].memory == "64 GB"
    error_message = "What all workers have together is limited."
  }

  assert {
    condition     = aws_emrserverless_application.this.architecture == "ARM64" && length(aws_emrserverless_application.this.network_configuration) == 0
    error_message = "Workers are of arm64, as the packages, and in EMR's own network unless another is given."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "Logs are encrypted with the key of the lake, and expire."
  }
}

run "packages_are_named_by_their_content" {
  command = plan

  assert {
    condition     = aws_s3_object.packages.key == "libs/packages-${filesha256("../../fixtures/artifacts/emr/packages.zip")}.zip"
    error_message = "New packages must be a new object: a run that works may still read the old ones."
  }
}

run "workers_join_the_network_they_are_given" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = aws_emrserverless_application.this.network_configuration[0].subnet_ids == toset(["subnet-1"])
    error_message = "The application must have the subnets of the lake."
  }
}

run "rejects_an_old_release" {
  command = plan

  variables {
    application = { release_label = "emr-6.15.0" }
  }

  expect_failures = [var.application]
}

run "rejects_a_capacity_without_room_for_a_job" {
  command = plan

  variables {
    application = { maximum_vcpus = 4 }
  }

  expect_failures = [var.application]
}

run "rejects_artifacts_that_were_not_built_for_aws" {
  command = plan

  variables {
    artifacts_dir = "."
  }

  expect_failures = [var.artifacts_dir]
}
