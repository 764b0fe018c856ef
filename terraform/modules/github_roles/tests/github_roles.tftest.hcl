mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  project      = "cartlake"
  repository   = "example/cartlake"
  environments = ["dev", "prod"]
  state        = { bucket_arn = "arn:aws:s3:::cartlake-terraform-state", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
}

run "only_jobs_of_the_environment_in_this_repository_deploy" {
  command = plan

  assert {
    condition = { for condition in data.aws_iam_policy_document.assume["prod-deploy"].statement[0].condition : condition.variable => "${condition.test} ${join(" ", condition.values)}" } == {
      "token.actions.githubusercontent.com:aud" = "StringEquals sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = "StringEquals repo:example/cartlake:environment:prod"
    }
    error_message = "Another repository, branch or environment must not be able to deploy."
  }
}

run "a_plan_writes_nothing_but_its_lock" {
  command = plan

  assert {
    condition = { for statement in data.aws_iam_policy_document.state["dev-plan"].statement : statement.sid => statement.resources if anytrue([for action in statement.actions : can(regex("Put|Delete", action))]) } == {
      LockState = toset(["arn:aws:s3:::cartlake-terraform-state/cartlake/dev/terraform.tfstate.tflock"])
    }
    error_message = "A plan must not change the state."
  }

  assert {
    condition     = { for name, policy in aws_iam_role_policy.this : name => policy.name } == { dev-deploy = "deploy", dev-plan = "plan", prod-deploy = "deploy", prod-plan = "plan" } && [for statement in data.aws_iam_policy_document.plan["dev"].statement : statement.sid if statement.effect != "Deny"] == ["ReadWithKeyOfThisLake"]
    error_message = "Only deploy roles may change anything, and plan roles must not read data."
  }
}

run "an_environment_touches_its_own_only" {
  command = plan

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.deploy["dev"].statement : statement.resources if statement.sid == "BucketsOfThisLake"]) == toset(["arn:aws:s3:::cartlake-dev-*"])
    error_message = "dev must not be able to change a bucket of prod."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.deploy["dev"].statement : statement.resources if statement.sid == "RolesOfThisLake"]) == toset(["arn:aws:iam::123456789012:role/cartlake-dev-*"])
    error_message = "dev must not be able to change a role of prod, or its own."
  }
}

run "no_role_goes_beyond_its_boundary" {
  command = apply

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == aws_iam_policy.boundary["dev"].arn])
    error_message = "Each role must have the boundary."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.boundary["dev"].statement : statement.sid if statement.effect == "Deny"] == ["OnlyRolesOfThisLake", "NotTheseRolesThemselves", "NotTheState"]
    error_message = "A deployment must not make users, change these roles, or lose the state."
  }
}

run "an_account_with_the_provider_keeps_it" {
  command = plan

  variables {
    create_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && local.provider_arn == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "An account can have GitHub's provider only once."
  }
}

run "rejects_all_repositories_of_an_owner" {
  command = plan

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}

run "rejects_no_environment" {
  command = plan

  variables {
    environments = []
  }

  expect_failures = [var.environments]
}
