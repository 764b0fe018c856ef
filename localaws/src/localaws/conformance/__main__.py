"""Print what an AWS endpoint, or an emulator of one, answers: python -m localaws.conformance --endpoint URL.

Each check tries one behaviour by its effect, on resources called conformance-…, which it deletes afterwards. Against
AWS itself (`--endpoint aws`) they cost a few cents.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from localaws.conformance import report
from localaws.conformance.running import AS_AWS, run
from localaws.conformance.services import CHECKS
from localaws.conformance.target import REAL_AWS, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROLE = "arn:aws:iam::000000000000:role/conformance"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localaws.conformance", description="Print what an AWS endpoint or emulator answers."
    )
    parser.add_argument(
        "--endpoint", required=True, metavar="URL", help=f"the endpoint, or `{REAL_AWS}` for AWS itself"
    )
    parser.add_argument("--region", default="us-east-1", help="the region of all calls (us-east-1)")
    parser.add_argument("--service", action="append", metavar="NAME", help="only this service; may be repeated")
    parser.add_argument("--role", default=_ROLE, metavar="ARN", help="a role that state machines may assume")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long one answer may take (30)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks and print them. Returns 0 when all are answered as AWS answers, 1 otherwise.

    Exits with code 2 for a service without checks.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    named = {check.service for check in CHECKS}
    unknown = set(arguments.service or ()) - named
    if unknown:
        parser.error(f"no checks of {', '.join(sorted(unknown))}: known are {', '.join(sorted(named))}")
    target = Target(arguments.endpoint, arguments.region, arguments.seconds, arguments.role)
    chosen = [check for check in CHECKS if not arguments.service or check.service in arguments.service]
    outcomes = []
    show = (lambda _: None) if arguments.json else _show
    show(report.HEAD)
    for outcome in run(target, chosen):
        outcomes.append(outcome)
        show(report.line(outcome))
    _show(report.as_json(arguments.endpoint, outcomes) if arguments.json else f"\n{report.summary(outcomes)}")
    return 0 if all(outcome.state == AS_AWS for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
