output "apis" {
  description = "Id and URL of each API, keyed by who calls it: people or machines."
  value       = { for name, api in aws_apigatewayv2_api.this : name => { id = api.id, url = api.api_endpoint } }
}

output "invoke_arns" {
  description = "What a machine needs the right execute-api:Invoke on, keyed as the APIs."
  value       = { for name, api in aws_apigatewayv2_api.this : name => "${api.execution_arn}/*" }
}

output "function_names" {
  description = "Functions of this module: folder under lambdas/ to name in AWS."
  value       = { api_handler = module.api_handler.name }
}
