"""The path language of JSON_VALUE, JSON_QUERY and JSON_EXISTS (SQL:2016), in modes lax and strict.

https://trino.io/docs/current/functions/json.html#json-path-language
"""
