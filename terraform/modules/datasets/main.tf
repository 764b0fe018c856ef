locals {
  contracts = [for file in fileset(var.contracts_dir, "*.odcs.yaml") : yamldecode(file("${var.contracts_dir}/${file}"))]

  # Files are dropped for datasets whose contract says which, or that have no other origin: cartlake/contracts/defaults.py.
  dropped = {
    for contract in local.contracts : contract.name => {
      file = one([for property in try(contract.customProperties, []) : property.value if property.property == "cartlake.file"])
      kept = one([for level in try(contract.slaProperties, []) : level if level.property == "retention"])
    }
    if contains(try(contract.customProperties[*].property, []), "cartlake.file") || !anytrue([for table in contract.schema : startswith(try(table.physicalName, ""), "ops.") || contains(try(table.customProperties[*].property, []), "cartlake.build")])
  }

  # The same rules as Table.protected_columns and the defaults of cartlake/contracts.
  protected_columns = merge([
    for contract in local.contracts : {
      for table in contract.schema : try(table.physicalName, "${contains(try(table.customProperties[*].property, []), "cartlake.build") ? "curated" : "processed"}.${table.name}") => [
        for column in try(table.properties, []) : column.name
        if contains(try(column.tags, []), "pii") || !contains(["", "internal", "public"], try(coalesce(column.classification, ""), ""))
      ]
    }
  ]...)

  # The units cartlake/contracts/compile.py knows. Terraform reads an unquoted y as true, as YAML 1.1 says.
  days_per_unit = { d = 1, day = 1, days = 1, y = 365, yr = 365, year = 365, years = 365, "true" = 365 }
}
