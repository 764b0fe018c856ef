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
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1" }
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
  streams = {
    "shop.clicks" = {
      dataset        = "clickstream"
      brokers        = ["b-1.shop.example:9098", "b-2.shop.example:9098"]
      cluster_arn    = "arn:aws:kafka:eu-west-1:123456789012:cluster/shop/0123-1"
      schedule       = "rate(1 minute)"
      follow_seconds = 50
    }
    orders = {
      dataset        = "transactions"
      brokers        = ["kafka.example:9096"]
      authentication = "scram"
      secret         = { name = "cartlake-test/kafka", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/kafka-AbCdEf" }
    }
  }
}

run "each_stream_with_a_schedule_is_read_by_it" {
  command = plan

  assert {
    condition = module.schedule.calls == {
      stream-shop-clicks = { expression = "rate(1 minute)", input = jsonencode({ topic = "shop.clicks", follow_seconds = 50 }) }
    }
    error_message = "A schedule must name its topic and how long to read; without one a topic is read on demand."
  }
}

run "it_writes_below_the_folders_of_its_topics_and_reads_these_topics_only" {
  command = plan

  assert {
    condition     = local.folder_arns["shop.clicks"] == "arn:aws:s3:::test-raw/incoming/clickstream/stream/shop.clicks/*" && length(local.folder_arns) == 2
    error_message = "The function may write below the folders of its topics only."
  }

  assert {
    condition     = join(", ", local.topic_arns) == "arn:aws:kafka:eu-west-1:123456789012:topic/shop/0123-1/shop.clicks" && join(", ", local.cluster_arns) == "arn:aws:kafka:eu-west-1:123456789012:cluster/shop/0123-1"
    error_message = "With IAM the function may read its own topics of its own cluster."
  }

  assert {
    condition     = length(local.secret_arns) == 1
    error_message = "A secret is read where a stream has one."
  }
}

run "rejects_a_topic_that_is_none" {
  command = plan

  variables {
    streams = { "__offsets" = { dataset = "clickstream", brokers = ["kafka:9092"], authentication = "none" } }
  }

  expect_failures = [var.streams]
}

run "rejects_another_login" {
  command = plan

  variables {
    streams = { clicks = { dataset = "clickstream", brokers = ["kafka:9092"], authentication = "kerberos" } }
  }

  expect_failures = [var.streams]
}

run "rejects_addresses_without_a_port" {
  command = plan

  variables {
    streams = { clicks = { dataset = "clickstream", brokers = ["kafka"], authentication = "none" } }
  }

  expect_failures = [var.streams]
}

run "rejects_scram_without_a_secret" {
  command = plan

  variables {
    streams = { clicks = { dataset = "clickstream", brokers = ["kafka:9096"], authentication = "scram" } }
  }

  expect_failures = [var.streams]
}

run "rejects_iam_without_its_cluster" {
  command = plan

  variables {
    streams = { clicks = { dataset = "clickstream", brokers = ["kafka:9098"] } }
  }

  expect_failures = [var.streams]
}

run "rejects_a_call_longer_than_functions_may_run" {
  command = plan

  variables {
    streams = { clicks = { dataset = "clickstream", brokers = ["kafka:9092"], authentication = "none", follow_seconds = 900 } }
  }

  expect_failures = [var.streams]
}
