"""What the contracts of customer_matches, customer_identities and dim_customer name.

Records that match make pairs, pairs that hang together make a person, and the records of a person make one history.
"""

from glue_jobs.master_data_merge.dimension import dim_customer
from glue_jobs.master_data_merge.identities import customer_identities
from glue_jobs.master_data_merge.matching import customer_matches

__all__ = ["customer_identities", "customer_matches", "dim_customer"]
