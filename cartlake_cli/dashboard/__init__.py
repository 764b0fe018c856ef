"""The dashboard on this machine: its page from the checkout, its tiles from the bucket of an environment."""
