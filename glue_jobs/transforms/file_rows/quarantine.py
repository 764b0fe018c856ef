"""Refused rows as the table ops.quarantine_rows stores them."""

from cartlake.engine import DataFrame, F, Window, broadcast, json_text


def quarantined(judged: DataFrame, files: DataFrame, dataset: str, version: str) -> DataFrame:
    """Return the rows that break a rule, as ops.quarantine_rows has them. `files` maps `_source_file` to `file_id`.

    A row is identified by its file, its text and, among equal rows of a file, its number: reading the file again, in
    whatever run, gives the same identifiers.
    """
    corrupt, whole = json_text(F.struct(F.col("_corrupt_record"))), json_text(F.col("_raw"))
    # Of people who were erased nothing is kept, so two rows of theirs are told apart by their number alone.
    raw_record = F.coalesce(F.when(F.col("_corrupt_record").isNotNull(), corrupt).otherwise(whole), F.lit("{}"))
    refused = (
        judged.where(F.col("_broken") != F.lit(""))
        .join(broadcast(files), on="_source_file", how="left")
        .select("_source_file", "_run_id", "_broken", "file_id", "quarantined_at", raw_record.alias("raw_record"))
    )
    copy = F.row_number().over(Window.partitionBy("file_id", "raw_record").orderBy("_broken"))
    numbered = refused.withColumn("_copy", copy)
    row_id = F.sha2(F.concat_ws("\n", F.col("file_id"), F.col("_copy").cast("string"), F.col("raw_record")), 256)
    return numbered.select(
        row_id.alias("row_id"),
        F.lit(dataset).alias("dataset"),
        F.col("_run_id").alias("run_id"),
        F.col("file_id"),
        F.col("_source_file").alias("source_file"),
        F.col("raw_record"),
        F.split(F.col("_broken"), "[|]").alias("reasons"),
        F.lit(version).alias("contract_version"),
        F.col("quarantined_at"),
        F.lit(None).cast("string").alias("replay_id"),
        F.lit(None).cast("timestamp").alias("replayed_at"),
        F.lit(None).cast("string").alias("superseded_by"),
        F.lit(None).cast("timestamp").alias("superseded_at"),
    )
