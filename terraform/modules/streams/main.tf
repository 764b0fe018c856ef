locals {
  folder_arns = { for topic, stream in var.streams : topic => "${var.raw_bucket.arn}/incoming/${stream.dataset}/stream/${topic}/*" }
  secret_arns = distinct([for stream in var.streams : stream.secret.arn if stream.secret != null])

  # https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html: a topic's ARN is that of its cluster with another kind.
  msk          = { for topic, stream in var.streams : topic => stream.cluster_arn if stream.authentication == "iam" }
  topic_arns   = [for topic, arn in local.msk : "${replace(arn, ":cluster/", ":topic/")}/${topic}"]
  cluster_arns = distinct(values(local.msk))
}

module "stream_reader" {
  source = "../function"

  shared          = var.shared
  function        = "stream_reader"
  description     = "Reads what is new in a topic of Kafka, and writes it as files into the raw zone."
  memory_mb       = 1024
  timeout_seconds = 900
  environment_variables = {
    RAW_BUCKET = var.raw_bucket.name
    STREAMS = jsonencode({ for topic, stream in var.streams : topic => {
      brokers        = stream.brokers
      authentication = stream.authentication
      secret         = try(stream.secret.name, "") # its name: the value is in Secrets Manager alone
    } })
  }
  statements = merge({
    UseLedger                = var.shared.grants["UseLedger"]
    WriteFiles               = { actions = ["s3:GetObject", "s3:PutObject"], resources = values(local.folder_arns) }
    TellMissingFromForbidden = { actions = ["s3:ListBucket"], resources = [var.raw_bucket.arn] }
    }, length(local.secret_arns) == 0 ? {} : { ReadSecrets = { actions = ["secretsmanager:GetSecretValue"], resources = local.secret_arns } },
    length(local.msk) == 0 ? {} : {
      Connect    = { actions = ["kafka-cluster:Connect"], resources = local.cluster_arns }
      ReadTopics = { actions = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], resources = local.topic_arns }
  })
}

module "schedule" {
  source = "../schedule"

  shared   = var.shared
  role     = "stream-scheduler"
  function = { folder = "stream_reader", arn = module.stream_reader.arn }
  schedules = { for topic, stream in var.streams : "stream-${replace(replace(topic, "_", "-"), ".", "-")}" => {
    expression  = stream.schedule
    description = "Reads the topic ${topic}."
    input       = jsonencode({ topic = topic, follow_seconds = stream.follow_seconds })
  } if stream.schedule != null }
}
