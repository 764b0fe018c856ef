"""Raw files without a person's records: text, Parquet, every version, the ledger and the manifests."""
