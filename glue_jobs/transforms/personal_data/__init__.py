"""Reviews: personal data masked before anything is stored, purchases verified, the last word of every customer."""
