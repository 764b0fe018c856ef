"""Topics of Kafka that the lake reads: ranges of offsets become files in the raw bucket, each offset once."""
