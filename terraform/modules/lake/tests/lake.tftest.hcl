mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  environment         = "test"
  artifacts_dir       = "../../fixtures/artifacts"
  deletion_protection = false
}

run "names_are_those_the_command_line_reads" {
  command = plan

  assert {
    condition     = output.resources.name_prefix == "cartlake-test" && output.resources.account_id == "123456789012" && output.resources.region == "eu-west-1"
    error_message = "The lake must say who and where it is."
  }

  assert {
    condition     = output.resources.buckets == { for zone in ["artifacts", "athena-results", "curated", "dashboard", "exports", "processed", "quarantine", "raw"] : zone => "cartlake-test-123456789012-eu-west-1-${zone}" }
    error_message = "There must be seven zones, each with its bucket."
  }

  assert {
    condition     = output.resources.databases == { curated = "curated", masked = "masked", ops = "ops", processed = "processed", raw = "raw" }
    error_message = "There must be five databases."
  }

  assert {
    condition     = output.resources.glue_jobs == { dataset_etl = "cartlake-test-dataset-etl", demand_forecast = "cartlake-test-demand-forecast", table_maintenance = "cartlake-test-table-maintenance", table_refresh = "cartlake-test-table-refresh" }
    error_message = "Jobs must be found by their folder."
  }

  assert {
    condition     = output.resources.state_machine_arns["refresh"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:cartlake-test-refresh"
    error_message = "Machines must be named by what they do."
  }

  assert {
    condition     = output.resources.ledger_table == "cartlake-test-ledger" && output.resources.workgroup == "cartlake-test" && output.resources.event_bus == "cartlake-test"
    error_message = "Ledger, workgroup and bus must carry the lake's name."
  }

  # Nobody gets a role unasked.
  assert {
    condition     = length(output.resources.access_roles) + length(output.resources.apis) == 0
    error_message = "Without principals there must be no role to assume."
  }

  # Sources are read only where they are asked for.
  assert {
    condition     = !contains(keys(output.resources.functions), "source_sync") && length(output.resources.sources) == 0
    error_message = "Without sources there must be no function that reads any."
  }
}

run "roles_without_personal_data_read_no_protected_table" {
  command = plan

  variables {
    access = {
      people = { for role in ["analyst", "auditor", "data_engineer"] : role => { principal_arns = ["arn:aws:iam::123456789012:role/${role}"] } }
    }
  }

  # The contracts' tables with personal data: tests/unit/access/test_rights.py has the same ones.
  assert {
    condition     = toset([for table, columns in module.datasets.protected_columns : table if length(columns) > 0]) == toset(["curated.dim_customer", "ops.quarantine_rows", "processed.customers", "processed.hubspot_contacts", "processed.transactions"])
    error_message = "The columns that the contracts protect were not found."
  }

  assert {
    condition     = toset(keys(output.resources.access_roles)) == toset(["analyst", "auditor", "data_engineer"]) && output.resources.access_workgroups["analyst"] == "cartlake-test-analyst"
    error_message = "Commands must find the roles and their workgroups."
  }
}

run "there_is_an_api_for_those_who_have_a_role_in_it" {
  command = plan

  variables {
    api = {
      jwt   = { issuer = "https://issuer.example.com/", audiences = ["lake"] }
      roles = { analyst = { groups = ["analysts"] } }
    }
  }

  assert {
    condition     = keys(output.resources.apis) == ["people"] && keys(output.resources.access_roles) == ["analyst"]
    error_message = "The API and the role that it assumes come together."
  }
}

run "every_built_function_is_deployed" {
  command = plan

  variables {
    sources = { hubspot_contacts = { secret = "hubspot", schedule = "rate(1 hour)" } }
    streams = { clickstream = { dataset = "clickstream", brokers = ["kafka:9092"], authentication = "none" } }
    sftp    = { acme = { host = "sftp.acme.example", user = "lake", dataset = "transactions", secret = "acme" } }
    api     = { roles = { data_engineer = { principal_arns = ["arn:aws:iam::123456789012:role/job"] } } }
  }

  assert {
    condition     = toset(keys(output.resources.functions)) == toset([for file in fileset(var.artifacts_dir, "lambdas/*.zip") : trimsuffix(basename(file), ".zip")])
    error_message = "Each zip of the build must be a function, and each function must have its zip."
  }

  assert {
    condition     = output.resources.functions["data_quality_check"] == "cartlake-test-data-quality-check"
    error_message = "Functions are named <name_prefix>-<function>, with hyphens."
  }
}

run "a_source_gets_its_secret_made_once" {
  command = plan

  variables {
    secrets = ["lineage", "hubspot"]
    sources = {
      fx_rates          = { schedule = "cron(30 15 ? * MON-FRI *)" }
      hubspot_companies = { secret = "hubspot" }
      hubspot_contacts  = { secret = "hubspot" }
    }
  }

  assert {
    condition     = toset(keys(module.secrets.secrets)) == toset(["hubspot", "lineage"])
    error_message = "Sources of one system share a secret."
  }

  assert {
    condition     = jsonencode(output.resources.sources) == jsonencode({ fx_rates = "cron(30 15 ? * MON-FRI *)", hubspot_companies = null, hubspot_contacts = null })
    error_message = "Commands must know which sources are read, and when."
  }
}

run "streams_are_read_only_where_they_are_asked_for" {
  command = plan

  assert {
    condition     = !contains(keys(output.resources.functions), "stream_reader") && length(output.resources.streams) == 0
    error_message = "Without streams there must be no function that reads any."
  }
}

run "a_stream_brings_its_reader_its_secret_and_its_alarms" {
  command = plan

  variables {
    streams = {
      clickstream = { dataset = "clickstream", brokers = ["kafka:9096"], authentication = "scram", secret = "kafka", schedule = "rate(1 minute)" }
    }
  }

  assert {
    condition     = jsonencode(output.resources.streams) == jsonencode({ clickstream = "rate(1 minute)" }) && contains(keys(module.secrets.secrets), "kafka")
    error_message = "Commands must know which topics are read, and the secret of a stream is made with the others."
  }
}

run "sftp_servers_are_read_only_where_they_are_asked_for" {
  command = plan

  assert {
    condition     = !contains(keys(output.resources.functions), "sftp_reader") && length(output.resources.sftp) == 0
    error_message = "Without servers there must be no function that reads any."
  }
}

run "an_sftp_server_brings_its_reader_and_its_secret" {
  command = plan

  variables {
    sftp = {
      acme = { host = "sftp.acme.example", user = "lake", folder = "/out", pattern = "*.csv", dataset = "transactions", secret = "acme", schedule = "rate(5 minutes)" }
    }
  }

  assert {
    condition     = jsonencode(output.resources.sftp) == jsonencode({ acme = { dataset = "transactions", place = "sftp.acme.example:/out/*.csv", schedule = "rate(5 minutes)" } })
    error_message = "Commands must know which servers are read, and when."
  }

  assert {
    condition     = contains(keys(module.secrets.secrets), "acme") && contains(keys(output.resources.functions), "sftp_reader")
    error_message = "The secret of a server is made with the others, and a function reads it."
  }
}

run "rejects_a_server_with_the_name_of_a_source" {
  command = plan

  variables {
    sftp = { fx_rates = { host = "sftp.acme.example", user = "lake", dataset = "transactions", secret = "acme" } }
  }

  expect_failures = [var.sftp]
}

run "a_job_may_be_sized_without_repeating_the_rest" {
  command = plan

  variables {
    glue = { sizes = { table_refresh = { number_of_workers = 7 } } }
  }

  assert {
    condition     = keys(output.resources.glue_jobs) == ["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"]
    error_message = "Sizing one job must keep the other."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects destroying what is protected.
    deletion_protection = true
    force_destroy       = true
    # Rejects what is kept for no day.
    retention = { exports_days = 0 }
    # Rejects a missing build.
    artifacts_dir = "tests"
    # Rejects a network without subnets.
    network = { subnet_ids = [], security_group_ids = ["sg-a"] }
  }

  expect_failures = [var.force_destroy, var.retention, var.artifacts_dir, var.network]
}

run "rejects_a_protected_lake_without_versions" {
  command = plan

  variables {
    deletion_protection = true
    retention           = { table_versions_days = 0 }
  }

  expect_failures = [var.retention]
}

run "functions_and_jobs_run_in_the_network_they_are_given" {
  command = plan

  variables {
    network = { subnet_ids = ["subnet-a", "subnet-b"], security_group_ids = ["sg-a"] }
  }

  assert {
    condition     = module.platform.shared.network.subnet_ids == tolist(["subnet-a", "subnet-b"])
    error_message = "Functions get the subnets with all else they share."
  }
}

run "spark_runs_on_emr_serverless_where_that_is_chosen" {
  command = plan

  variables {
    engine         = { spark_runner = "emr_serverless" }
    emr_serverless = { application = { maximum_vcpus = 64, maximum_memory_gb = 256 }, sizes = { dataset_etl = { executors = 10 } } }
  }

  assert {
    condition     = length(module.emr_serverless) == 1 && keys(output.resources.glue_jobs) == ["dataset_etl", "demand_forecast", "table_maintenance", "table_refresh"]
    error_message = "The application is made, and the jobs keep their names."
  }
}

run "spark_runs_on_glue_unless_another_is_chosen" {
  command = plan

  assert {
    condition     = length(module.emr_serverless) == 0 && output.resources.emr_application_id == null
    error_message = "Without asking there is no application."
  }
}
