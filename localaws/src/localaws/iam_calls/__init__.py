"""Which actions on which resources a call needs, by AWS's Service Authorization Reference.

An API's operation and IAM's action often have the same name; the modules here know where they differ, for the services
that a data lake uses. An operation that is not listed needs the action of its name, on all resources.
"""
