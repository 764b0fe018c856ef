"""The same faults of a HubSpot for Cartlake, dlt and ingestr: `python -m benchmarks.peers.sources`."""
