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
    layer_arns            = { cartlake = "arn:aws:lambda:eu-west-1:123456789012:layer:cartlake:1", arrow = "arn:aws:lambda:eu-west-1:123456789012:layer:arrow:1", warehouses = "arn:aws:lambda:eu-west-1:123456789012:layer:warehouses:1" }
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
  sources = {
    fx_rates          = { schedule = "cron(30 15 ? * MON-FRI *)" }
    hubspot_companies = { secret = { name = "cartlake-test/hubspot", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/hubspot-AbCdEf" } }
    hubspot_contacts  = { schedule = "rate(1 hour)", secret = { name = "cartlake-test/hubspot", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/hubspot-AbCdEf" } }
  }
}

run "each_source_with_a_schedule_is_read_by_it" {
  command = plan

  assert {
    condition = module.schedule.calls == {
      source-fx-rates         = { expression = "cron(30 15 ? * MON-FRI *)", input = jsonencode({ source = "fx_rates" }) }
      source-hubspot-contacts = { expression = "rate(1 hour)", input = jsonencode({ source = "hubspot_contacts" }) }
    }
    error_message = "A schedule must name its source; without one a source is read on demand."
  }

  # It writes below the folders of its sources and reads their secret.
  assert {
    condition     = local.folder_arns["fx_rates"] == "arn:aws:s3:::test-raw/incoming/fx_rates/sync/*" && length(local.folder_arns) == 3
    error_message = "The function may write below incoming/<source>/sync/ only."
  }

  assert {
    condition     = length(local.secret_arns) == 1
    error_message = "Two sources with one secret need one right."
  }
}

run "without_schedules_there_is_no_role_of_them" {
  command = plan

  variables {
    sources = { fx_rates = {} }
  }

  assert {
    condition     = length(module.schedule.calls) == 0 && length(local.secret_arns) == 0
    error_message = "On demand only means no schedule, and without a secret there is no right to read one."
  }
}

run "rejects_a_source_that_is_none" {
  command = plan

  variables {
    sources = { salesforce = {} }
  }

  expect_failures = [var.sources]
}

run "rejects_hubspot_without_a_secret" {
  command = plan

  variables {
    sources = { hubspot_contacts = {} }
  }

  expect_failures = [var.sources]
}

run "rejects_an_address_that_is_none" {
  command = plan

  variables {
    sources = { fx_rates = { url = "ecb.europa.eu" } }
  }

  expect_failures = [var.sources]
}

run "a_warehouse_is_read_with_its_drivers" {
  command = plan

  variables {
    sources = {
      fx_rates         = {}
      snowflake_orders = { url = "https://shop-eu.snowflakecomputing.com", table = "SHOP.PUBLIC.ORDERS", role = "READER", overlap_minutes = 30, secret = { name = "cartlake-test/snowflake", arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cartlake-test/snowflake-AbCdEf" } }
    }
  }

  assert {
    condition     = local.layers == ["cartlake", "warehouses"]
    error_message = "The drivers of warehouses are in a layer of their own."
  }

  assert {
    condition = jsonencode(local.settings) == jsonencode({
      fx_rates         = {}
      snowflake_orders = { overlap_minutes = 30, role = "READER", secret = "cartlake-test/snowflake", table = "SHOP.PUBLIC.ORDERS", url = "https://shop-eu.snowflakecomputing.com" }
    })
    error_message = "The function must be told what is set, and nothing else."
  }
}

run "other_sources_need_no_drivers" {
  command = plan

  assert {
    condition     = local.layers == ["cartlake"]
    error_message = "Without a warehouse the layer would only make the function start more slowly."
  }
}

run "rejects_a_warehouse_without_a_table" {
  command = plan

  variables {
    sources = { redshift_behavior = { url = "redshift://cluster.example.org:5439/shop", secret = { name = "s", arn = "arn" } } }
  }

  expect_failures = [var.sources]
}

run "rejects_a_table_that_would_have_to_be_quoted" {
  command = plan

  variables {
    sources = { redshift_behavior = { url = "redshift://cluster.example.org:5439/shop", table = "events; drop table x", secret = { name = "s", arn = "arn" } } }
  }

  expect_failures = [var.sources]
}

run "rejects_another_protocol_for_redshift" {
  command = plan

  variables {
    sources = { redshift_behavior = { url = "https://cluster.example.org", table = "events", secret = { name = "s", arn = "arn" } } }
  }

  expect_failures = [var.sources]
}

run "rejects_a_part_of_a_minute" {
  command = plan

  variables {
    sources = { redshift_behavior = { url = "redshift://cluster.example.org:5439/shop", table = "events", overlap_minutes = 1.5, secret = { name = "s", arn = "arn" } } }
  }

  expect_failures = [var.sources]
}
