"""Extensions of MiniStack, in its process and behind the same AWS API: one module for each thing that it does not do.

Each module has `install() -> None`, called once by `localaws.serve` before the first request. The order is alphabetical
and must not matter. It may have `shutdown() -> None`, called once after the last request, when all state is saved.
`tests/integration/` asserts the effect of each through boto3.
"""
