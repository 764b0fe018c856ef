output "names" {
  description = "Datasets that files are dropped for."
  value       = keys(local.dropped)
}

output "promised" {
  description = "Datasets whose contract has a freshness SLA."
  value       = [for contract in local.contracts : contract.name if contains(try(contract.slaProperties[*].property, []), "freshness")]
}

output "protected_columns" {
  description = "Columns that only roles that read personal data may read, keyed by the table's name in the contracts; no columns for a table that is open to all."
  value       = local.protected_columns
}

output "formats" {
  description = "Formats a dataset's files may have, the first one first, keyed by dataset."
  value       = { for dataset, contract in local.dropped : dataset => try(contract.file.formats, ["csv", "jsonl", "parquet"]) }
}

output "retention_days" {
  description = "Days that dropped files are kept, keyed by dataset; datasets whose contract does not say are not in it."
  value       = { for dataset, contract in local.dropped : dataset => contract.kept.value * local.days_per_unit[tostring(contract.kept.unit)] if contract.kept != null }

  precondition {
    condition     = alltrue([for contract in local.dropped : contract.kept == null || try(contract.kept.value >= 1 && floor(contract.kept.value) == contract.kept.value && contains(keys(local.days_per_unit), tostring(contract.kept.unit)), false)])
    error_message = "slaProperties retention of a contract must be a whole number of days (unit: d) or years (unit: y); `lake contracts check` names the contract."
  }
}
