mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  shared = {
    name_prefix           = "cartlake-test"
    environment           = "test"
    artifacts_dir         = "../../fixtures/artifacts"
    artifacts_bucket      = "test-artifacts"
    architecture          = "arm64"
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", sftp = "arn:aws:lambda:eu-west-1:123456789012:layer:sftp:1" }
    environment_variables = { LEDGER_TABLE = "ledger" }
    log_level             = "INFO"
    log_retention_days    = 30
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/k"
    failure_queue_arn     = "arn:aws:sqs:eu-west-1:123456789012:q"
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
    event_bus             = "cartlake-test"
    grants = {
      UseLedger       = { actions = ["dynamodb:GetItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger"] }
      FindLoadedFiles = { actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/index/by_state"] }
      RememberStarts  = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency"] }
      Announce        = { actions = ["events:PutEvents"], resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/cartlake-test"] }
    }
  }
  raw_bucket = { name = "test-raw", arn = "arn:aws:s3:::test-raw" }
  servers = {
    acme = {
      host      = "sftp.acme.example"
      user      = "lake"
      folder    = "/out"
      pattern   = "*/orders-*.csv"
      dataset   = "transactions"
      secret    = { name = "cartlake-test/acme", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/acme-AbCdEf" }
      host_keys = ["SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"]
      schedule  = "rate(5 minutes)"
      max_mb    = 4000
    }
    blue_shop = {
      host    = "10.0.0.7"
      user    = "lake"
      dataset = "reviews"
      secret  = { name = "cartlake-test/acme", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/acme-AbCdEf" }
    }
  }
}

run "each_server_with_a_schedule_is_read_by_it" {
  command = plan

  assert {
    condition = module.schedule.calls == {
      sftp-acme = { expression = "rate(5 minutes)", input = jsonencode({ scheduled = true, server = "acme" }) }
    }
    error_message = "A schedule must name its server; without one a server is read on demand."
  }
}

run "it_writes_below_the_folders_of_its_servers_and_reads_their_secrets_only" {
  command = plan

  assert {
    condition     = local.folder_arns == { acme = "arn:aws:s3:::test-raw/incoming/transactions/sftp/acme/*", blue_shop = "arn:aws:s3:::test-raw/incoming/reviews/sftp/blue_shop/*" }
    error_message = "The function may write below the folders of its servers only."
  }

  assert {
    condition     = length(local.secret_arns) == 1
    error_message = "The right to a secret is given once."
  }
}

run "rejects_names_that_no_folder_may_have" {
  command = plan

  variables {
    servers = { "Acme GmbH" = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" } } }
  }

  expect_failures = [var.servers]
}

run "rejects_an_address_with_a_scheme" {
  command = plan

  variables {
    servers = { acme = { host = "sftp://sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" } } }
  }

  expect_failures = [var.servers]
}

run "rejects_patterns_of_any_depth" {
  command = plan

  variables {
    servers = { acme = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" }, pattern = "**/*.csv" } }
  }

  expect_failures = [var.servers]
}

run "rejects_patterns_that_leave_the_folder" {
  command = plan

  variables {
    servers = { acme = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" }, pattern = "../*.csv" } }
  }

  expect_failures = [var.servers]
}

run "rejects_host_keys_that_are_no_fingerprints" {
  command = plan

  variables {
    servers = { acme = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" }, host_keys = ["ssh-ed25519 AAAA"] } }
  }

  expect_failures = [var.servers]
}

run "rejects_files_larger_than_the_disk_of_a_function" {
  command = plan

  variables {
    servers = { acme = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" }, max_mb = 20000 } }
  }

  expect_failures = [var.servers]
}

run "rejects_no_time_to_settle" {
  command = plan

  variables {
    servers = { acme = { host = "sftp.example", user = "lake", dataset = "transactions", secret = { name = "s", arn = "a" }, settle_seconds = 0 } }
  }

  expect_failures = [var.servers]
}
