"""What the lake costs on AWS, from what is on record and one table of list prices."""
