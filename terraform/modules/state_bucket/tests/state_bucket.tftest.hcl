mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  project = "cartlake"
}

run "states_are_versioned_encrypted_and_closed" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 365
    error_message = "Earlier states must be kept for a year."
  }

  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy, aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets])
    error_message = "A state holds secrets: nothing of it may be public."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && module.protection.prevents_destroy == ["bucket", "key"]
    error_message = "The key must rotate, and neither it nor the bucket may be destroyed by one command."
  }
}

run "rejects_wrong_values" {
  command = plan

  variables {
    # Rejects a project no lake can have.
    project = "Cart-Lake"
    # Rejects states that go too soon.
    old_states_days = 1
  }

  expect_failures = [var.project, var.old_states_days]
}
