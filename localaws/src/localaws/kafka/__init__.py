"""A Kafka broker on the laptop: one JVM, without Docker or ZooKeeper."""
