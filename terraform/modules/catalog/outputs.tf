output "databases" {
  description = "Glue database names, keyed by the name the contracts use."
  value       = { for name, database in aws_glue_catalog_database.this : name => database.name }
}

output "database_arns" {
  description = "ARN of each Glue database, keyed by the name the contracts use."
  value       = { for name, database in aws_glue_catalog_database.this : name => database.arn }
}

output "crawlers" {
  description = "Crawler names, keyed by the zone they catalog."
  value       = { raw = aws_glue_crawler.raw.name }
}
