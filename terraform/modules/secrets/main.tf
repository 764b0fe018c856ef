# No version: a value that Terraform sets is in its state, which many read. A person or a rotation stores it.
resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:who issues a key rotates it, and not each of them has an interface for that; docs/security.md says how a new value is stored
  for_each = var.names

  name                    = "${var.name_prefix}/${each.key}"
  description             = "Key of ${each.key}: docs/security.md says how its value is stored and rotated."
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}
