module "datasets" {
  source = "../.."

  contracts_dir = "${path.module}/../../tests/contracts"
}

output "names" {
  description = "Datasets that files are dropped for."
  value       = module.datasets.names
}
