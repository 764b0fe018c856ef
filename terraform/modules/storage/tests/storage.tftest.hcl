mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix = "cartlake-test"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  zones = {
    raw     = { versioned = true, event_notifications = true, noncurrent_expiration_days = 30, object_lock_days = 14, expiring_prefixes = { "incoming/clicks/" = 90 }, infrequent_access = { prefix = "incoming/", after_days = 30 } }
    results = { expiration_days = 7 }
    staging = { expiring_prefixes = { "copies/" = 3 } }
    curated = {}
  }
}

run "names_hold_account_region_and_zone" {
  command = plan

  assert {
    condition     = output.buckets["raw"].name == "cartlake-test-123456789012-eu-west-1-raw"
    error_message = "Bucket names must be <name_prefix>-<account>-<region>-<zone>."
  }
}

run "every_zone_is_closed_and_encrypted" {
  command = apply

  assert {
    condition = alltrue(flatten([
      for zone in keys(var.zones) : [
        aws_s3_bucket_public_access_block.this[zone].block_public_acls,
        aws_s3_bucket_public_access_block.this[zone].block_public_policy,
        aws_s3_bucket_public_access_block.this[zone].ignore_public_acls,
        aws_s3_bucket_public_access_block.this[zone].restrict_public_buckets,
      ]
    ]))
    error_message = "Every bucket must block public access in all four ways."
  }

  assert {
    condition     = alltrue([for zone in keys(var.zones) : aws_s3_bucket_ownership_controls.this[zone].rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "ACLs must be off in every bucket."
  }

  assert {
    condition = alltrue([
      for configuration in aws_s3_bucket_server_side_encryption_configuration.this : alltrue([
        for rule in configuration.rule : rule.bucket_key_enabled && one(rule.apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
      ])
    ])
    error_message = "Every bucket must use the lake's key, through a bucket key."
  }
}

run "plain_http_is_denied_everywhere" {
  command = plan

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.bucket : (
        document.statement[0].effect == "Deny"
        && one(document.statement[0].condition).variable == "aws:SecureTransport"
        && one(document.statement[0].condition).values == tolist(["false"])
      )
    ])
    error_message = "Each bucket policy must deny requests without TLS."
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_policy.this)) == toset(keys(var.zones))
    error_message = "Each zone needs a bucket policy."
  }
}

run "only_what_a_zone_asks_for" {
  command = plan

  assert {
    condition     = keys(aws_s3_bucket_versioning.this) == ["raw"] && keys(aws_s3_bucket_notification.this) == ["raw"]
    error_message = "Versions and events belong to the zones that ask for them."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["curated"].rule : rule.id] == ["abort-incomplete-uploads"]
    error_message = "A zone without limits must keep its objects and only drop incomplete uploads."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["results"].rule : rule.expiration[0].days if rule.id == "expire"] == [7]
    error_message = "expiration_days must become an expiry rule."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["staging"].rule : "${rule.filter[0].prefix} ${rule.expiration[0].days}" if rule.id == "expire-copies"] == ["copies/ 3"]
    error_message = "expiring_prefixes must become expiry rules on these prefixes alone."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "expire-noncurrent-versions"] == [30]
    error_message = "noncurrent_expiration_days must become a rule on old versions."
  }
}

run "dropped_files_are_locked_get_cheaper_and_expire_by_dataset" {
  command = plan

  assert {
    condition     = keys(aws_s3_bucket_object_lock_configuration.this) == ["raw"] && [for kept in aws_s3_bucket_object_lock_configuration.this["raw"].rule[0].default_retention : "${kept.mode} ${kept.days}"] == ["GOVERNANCE 14"]
    error_message = "object_lock_days must lock in governance mode: erasing the data of a person must stay possible."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : [rule.filter[0].prefix, tostring(one(rule.transition).days), one(rule.transition).storage_class] if rule.id == "move-incoming-to-infrequent-access"] == [["incoming/", "30", "STANDARD_IA"]]
    error_message = "infrequent_access must become a transition of this prefix."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : "${rule.filter[0].prefix} ${rule.expiration[0].days}" if rule.id == "expire-incoming-clicks"] == ["incoming/clicks/ 90"]
    error_message = "A dataset's files must expire without those of the others."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : rule.expiration[0].expired_object_delete_marker if rule.id == "expire-noncurrent-versions"] == [true]
    error_message = "Delete markers without versions must go, or they slow down every list."
  }
}

run "rejects_a_transition_s3_refuses" {
  command = plan

  variables {
    zones = { raw = { infrequent_access = { prefix = "incoming/", after_days = 7 } } }
  }

  expect_failures = [var.zones]
}

run "rejects_a_lock_of_an_unversioned_zone" {
  command = plan

  variables {
    zones = { raw = { object_lock_days = 7 } }
  }

  expect_failures = [var.zones]
}

run "data_survives_destroy_unless_asked" {
  command = plan

  assert {
    condition     = !anytrue([for bucket in aws_s3_bucket.this : bucket.force_destroy])
    error_message = "A bucket with objects must refuse to be destroyed by default."
  }
}

run "rejects_a_zero_day_expiry" {
  command = plan

  variables {
    zones = { results = { expiration_days = 0 } }
  }

  expect_failures = [var.zones]
}

run "rejects_a_prefix_that_is_no_folder" {
  command = plan

  variables {
    zones = { results = { expiring_prefixes = { "run" = 3 } } }
  }

  expect_failures = [var.zones]
}

run "rejects_old_versions_of_an_unversioned_zone" {
  command = plan

  variables {
    zones = { curated = { noncurrent_expiration_days = 30 } }
  }

  expect_failures = [var.zones]
}

run "rejects_a_prefix_too_long_for_bucket_names" {
  command = plan

  variables {
    name_prefix = "twenty-one-characters"
  }

  expect_failures = [var.name_prefix]
}
