"""IAM: the actions and resources that policies are checked for, as on AWS."""
