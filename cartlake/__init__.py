"""Cartlake: contracts, ledger and command line of a serverless data lake for e-commerce."""
