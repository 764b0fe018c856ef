"""Rows of further sources, such as shops and warehouses, in the form that the marts are made of."""
