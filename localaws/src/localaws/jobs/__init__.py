"""What job runs of Glue and EMR Serverless share: their logs, and the keys of their roles."""
