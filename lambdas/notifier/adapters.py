"""The topic of alerts, as the notifier publishes to it."""

from cartlake.aws.clients import aws_errors, client
from lambdas.notifier.domain import Mail


def publish(topic_arn: str, mail: Mail) -> str:
    """Publish a message to a topic. Returns its id."""
    with aws_errors():
        answer = client("sns").publish(TopicArn=topic_arn, Subject=mail.subject, Message=mail.text)
    return str(answer["MessageId"])
