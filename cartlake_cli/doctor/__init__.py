"""Checks of an AWS account before the first apply, and of the lake in it afterwards."""
