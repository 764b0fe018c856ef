module "notifier" {
  source = "../function"

  shared                = var.shared
  function              = "notifier"
  description           = "Sends a mail about each rejected file, at most ten an hour for a dataset."
  memory_mb             = 256
  environment_variables = { ALERTS_TOPIC_ARN = aws_sns_topic.this["alerts"].arn }
  statements = {
    Publish      = { actions = ["sns:Publish"], resources = [aws_sns_topic.this["alerts"].arn] }
    CountNotices = { actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources = var.shared.grants["UseLedger"].resources }
  }
}

# Not a rule with the topic as its target: the key would have to be open to rules of every account.
module "file_rejected" {
  source = "../event_rule"

  name_prefix       = var.shared.name_prefix
  rule              = "file-rejected"
  description       = "A file was rejected: send a mail that says why."
  event_bus         = var.shared.event_bus
  event             = { source = "cartlake", detail_type = "FileRejected" }
  function          = { folder = "notifier", name = module.notifier.name, alias = module.notifier.alias, arn = module.notifier.arn }
  failure_queue_arn = var.shared.failure_queue_arn
}

# What PagerDuty does not take for an hour is kept here, and an alarm says so by mail.
module "undelivered" {
  source = "../queue"
  count  = var.pagerduty_url == null ? 0 : 1

  name_prefix       = var.name_prefix
  queue             = "undelivered-pages"
  kms_key_arn       = var.kms_key_arn
  sender_topic_arns = var.pages ? [aws_sns_topic.this["pages"].arn] : []
}

resource "aws_sns_topic_subscription" "pagerduty" {
  count = var.pagerduty_url == null ? 0 : 1

  topic_arn              = aws_sns_topic.this["pages"].arn
  protocol               = "https"
  endpoint               = var.pagerduty_url
  endpoint_auto_confirms = true # PagerDuty confirms by itself
  redrive_policy         = jsonencode({ deadLetterTargetArn = module.undelivered[0].arn })
}

# Amazon Q Developer in chat applications (before: AWS Chatbot) shows alarms in a channel of Slack. The workspace is
# connected once by hand, in the console.
resource "aws_iam_role" "slack" {
  count = var.slack == null ? 0 : 1

  name               = "${var.name_prefix}-slack"
  description        = "Nothing: alarms are shown in Slack, and nobody may act from there."
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "chatbot.amazonaws.com" } }] })
}

resource "aws_chatbot_slack_channel_configuration" "this" {
  count = var.slack == null ? 0 : 1

  configuration_name    = "${var.name_prefix}-alerts"
  iam_role_arn          = aws_iam_role.slack[0].arn
  slack_team_id         = var.slack.team_id
  slack_channel_id      = var.slack.channel_id
  sns_topic_arns        = [aws_sns_topic.this["alerts"].arn]
  guardrail_policy_arns = ["arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSDenyAll"]
  logging_level         = "ERROR"
}

data "aws_partition" "current" {}
