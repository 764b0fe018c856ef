"""What MiniStack does not do, added inside its process behind the same AWS API: one module per gap.

Each module has `install() -> None`, called once by `localaws.serve` before the first request. The order is alphabetical
and must not matter. It may have `shutdown() -> None`, called once after the last request, when all state is saved.
`tests/integration/` asserts the effect of each through boto3.
"""
