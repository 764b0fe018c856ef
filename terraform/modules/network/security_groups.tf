data "aws_prefix_list" "gateway" {
  for_each = local.gateways

  name = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
}

resource "aws_security_group" "workers" {
  name        = "${var.name_prefix}-workers"
  description = "Functions and Glue jobs: they call AWS services, and the workers of a job each other."
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name_prefix}-endpoints"
  description = "Endpoints of AWS services, for functions and Glue jobs."
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  security_group_id            = aws_security_group.workers.id
  description                  = "Calls of AWS services"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.endpoints.id
}

resource "aws_vpc_security_group_egress_rule" "to_gateways" {
  for_each = local.gateways

  security_group_id = aws_security_group.workers.id
  description       = "Calls of ${each.key}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_prefix_list.gateway[each.key].id
}

# Glue refuses a connection whose group does not let its own members in on every port: Spark chooses them.
resource "aws_vpc_security_group_ingress_rule" "among_workers" {
  security_group_id            = aws_security_group.workers.id
  description                  = "Workers of a Spark job"
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
  referenced_security_group_id = aws_security_group.workers.id
}

resource "aws_vpc_security_group_egress_rule" "among_workers" {
  security_group_id            = aws_security_group.workers.id
  description                  = "Workers of a Spark job"
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
  referenced_security_group_id = aws_security_group.workers.id
}

resource "aws_vpc_security_group_ingress_rule" "to_endpoints" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "Calls of AWS services"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.workers.id
}
