"""The jars of Apache Kafka's broker. `python -m localaws.kafka.jars` downloads them once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from localaws.settings import load
from localaws.spark import java
from localaws.spark.ivy import SPARK_HOME, JarSet

if TYPE_CHECKING:
    from pathlib import Path

NAMES: Final = "jars/[organisation]_[artifact]-[revision].[ext]"


class KafkaJars(JarSet):
    """Jars of a program of its own, with its own Scala: Spark's way to ivy leaves Scala out, because Spark has one."""

    def command(self, ivy_home: Path) -> list[str]:
        """Return the command that downloads the jars into `jars` of a folder."""
        home = java.java_home()
        [ivy] = (SPARK_HOME / "jars").glob("ivy-*.jar")
        [coordinate] = self.coordinates
        settings = load().ivy_settings
        return [
            str(home / "bin" / "java"),
            *java.trust_options(home, ivy_home),
            *("-cp", str(ivy), "org.apache.ivy.Main"),
            *(("-settings", str(settings)) if settings else ()),
            *("-cache", str(ivy_home / "cache"), "-confs", "default", "-types", "jar", "bundle"),
            *("-dependency", *coordinate.split(":"), "-retrieve", str(ivy_home / NAMES)),
        ]


JARS: Final = KafkaJars("Kafka's", "kafka-jars", "localaws.kafka.jars", ("org.apache.kafka:kafka_2.13:4.1.2",))


def main() -> None:
    """Install a Java 17 and download Kafka's jars, unless they are there."""
    java.ensure()
    sys.stdout.write(f"Kafka jars: {JARS.resolve()}\n")


if __name__ == "__main__":
    main()
