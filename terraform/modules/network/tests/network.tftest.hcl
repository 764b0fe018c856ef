mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
}

run "nothing_leads_to_the_internet" {
  command = apply

  assert {
    condition     = alltrue([for subnet in aws_subnet.this : coalesce(subnet.map_public_ip_on_launch, false) == false])
    error_message = "The only way out is to endpoints of AWS services."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.to_gateways : rule.from_port == 443 && rule.cidr_ipv4 == null]) && aws_vpc_security_group_egress_rule.to_endpoints.cidr_ipv4 == null
    error_message = "Workers may call endpoints, and no address."
  }
}

run "every_service_that_is_called_has_an_endpoint_under_its_own_name" {
  command = apply

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["athena", "events", "glue", "kms", "lambda", "logs", "monitoring", "sns", "sqs", "states", "sts", "xray"]) && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "A service without an endpoint cannot be reached."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["dynamodb", "s3"]) && alltrue([for endpoint in aws_vpc_endpoint.gateway : endpoint.vpc_endpoint_type == "Gateway"])
    error_message = "S3 and DynamoDB have gateways, which cost nothing."
  }
}

run "subnets_do_not_overlap" {
  command = apply

  variables {
    zones = 3
    cidr  = "10.20.0.0/22"
  }

  assert {
    condition     = toset([for subnet in aws_subnet.this : subnet.cidr_block]) == toset(["10.20.0.0/24", "10.20.1.0/24", "10.20.2.0/24"])
    error_message = "Each zone has a quarter of the addresses."
  }
}

run "rejects_addresses_that_are_too_few" {
  command = plan

  variables {
    cidr = "10.0.0.0/28"
  }

  expect_failures = [var.cidr]
}

run "rejects_no_zone" {
  command = plan

  variables {
    zones = 0
  }

  expect_failures = [var.zones]
}

run "emr_serverless_has_an_endpoint_where_it_is_used" {
  command = plan

  variables {
    emr_serverless = true
  }

  assert {
    condition     = endswith(aws_vpc_endpoint.interface["emr-serverless"].service_name, ".emr-serverless") && length(aws_vpc_endpoint.interface) == 13
    error_message = "Functions in the VPC could not start a job run."
  }
}
