module "network" {
  source = "../.."

  name_prefix = "cartlake-test"
}

output "network" {
  description = "What module `lake` is given."
  value       = module.network.network
}
