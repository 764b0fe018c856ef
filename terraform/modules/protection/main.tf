# What must not be lost, each with a guard that depends on it. `prevent_destroy` has to be a literal, so it stands on the
# guard, which exists only where the lake is protected.
#
# A plan that destroys or replaces what is guarded also destroys or replaces the guard, and is refused as a whole:
# `terraform destroy`, with -target as well, a new name, and deletion_protection = false alone.
# To take a protected lake down on purpose: docs/terraform.md, "Removing an environment".
resource "terraform_data" "prevents_destroy" {
  for_each = var.enabled ? var.protected : {}

  triggers_replace = each.value

  lifecycle {
    prevent_destroy = true
  }
}
