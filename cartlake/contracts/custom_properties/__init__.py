"""The custom properties `cartlake.…` of a contract: what each means, and which values it takes."""
