data "aws_region" "current" {}

data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, var.zones)

  # Every service that functions and jobs call. S3 and DynamoDB have gateways, which cost nothing.
  interfaces = setunion(
    ["athena", "events", "glue", "kms", "lambda", "logs", "monitoring", "sns", "sqs", "states", "sts", "xray"],
    var.emr_serverless ? ["emr-serverless"] : [],
  )
  gateways = toset(["dynamodb", "s3"])
}

# There is no internet gateway, no NAT and no route out: what is not an AWS service of this region cannot be reached.
resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:nothing in it accepts connections, and each call of AWS is in CloudTrail with the role that made it
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name_prefix }
}

# The group that AWS makes with a VPC lets everything through; emptied, nobody uses it by mistake.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "this" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 2, each.value)

  tags = { Name = "${var.name_prefix}-${each.key}" }
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name_prefix }
}

resource "aws_route_table_association" "this" {
  for_each = aws_subnet.this

  subnet_id      = each.value.id
  route_table_id = aws_route_table.this.id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateways

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this.id]
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interfaces

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true # clients find the endpoint under the service's own name
  subnet_ids          = [for subnet in aws_subnet.this : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
}
