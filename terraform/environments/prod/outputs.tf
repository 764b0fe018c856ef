output "lake" {
  description = "Where everything of the lake is, as the `lake` command reads it."
  value       = module.lake.resources
}
