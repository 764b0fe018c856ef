output "network" {
  description = "Subnets and security groups for input `network` of module `lake`."
  value       = { subnet_ids = [for subnet in aws_subnet.this : subnet.id], security_group_ids = [aws_security_group.workers.id] }

  # A function that starts before the endpoints are there waits for its first call until it times out.
  depends_on = [aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface, aws_route_table_association.this]
}

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}
