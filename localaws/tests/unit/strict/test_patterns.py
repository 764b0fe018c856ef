"""Patterns of AWS's models in Python: all compile, and match the same texts as in Java."""

import botocore.session
import pytest
from ministack.app import SERVICE_REGISTRY
from ministack.core.responses import _BOTOCORE_NAME as BOTOCORE_NAMES

from localaws.strict import patterns

LOADER = botocore.session.get_session().get_component("data_loader")
KNOWN = set(LOADER.list_available_services("service-2"))
FURTHER = {"apigatewayv2", "docdb", "efs", "sesv2", "s3control", "lakeformation"}
SERVED = sorted({BOTOCORE_NAMES.get(name, name) for name in SERVICE_REGISTRY} & KNOWN | FURTHER)


def patterns_of(service):
    shapes = LOADER.load_service_model(service, "service-2")["shapes"].values()
    return {shape["pattern"] for shape in shapes if "pattern" in shape}


def test_the_services_of_the_lake_are_among_those_checked():
    assert {"glue", "athena", "iam", "lambda", "logs", "events", "stepfunctions", "dynamodb", "cloudwatch"} <= set(
        SERVED
    )


@pytest.mark.parametrize("service", SERVED)
def test_every_pattern_of_a_served_service_is_checked(service):
    unchecked = [pattern for pattern in patterns_of(service) if patterns.matcher(pattern) is None]

    assert unchecked == []


def test_untranslated_patterns_do_not_compile():
    for pattern in patterns.UNTRANSLATED:
        with pytest.raises(patterns.regex.error):
            patterns.regex.compile(patterns.translate(pattern))


SINGLE_LINE = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        pytest.param(SINGLE_LINE, "plain, ünïcode, 😀\t", True, id="surrogates are the characters beyond U+FFFF"),
        pytest.param(SINGLE_LINE, "two\nlines", False, id="line break"),
        pytest.param(r"\w+", "abc_1", True, id="word"),
        pytest.param(r"\w+", "é", False, id="a word is ASCII"),
        pytest.param(r"\d{2}", "٤٢", False, id="a digit is ASCII"),
        pytest.param(r"[\w-.]+", "a-b.c", True, id="a hyphen after a class is a hyphen"),
        pytest.param(r"[\p{L}\p{N}_]+", "Größe_1", True, id="Unicode properties"),
        pytest.param(r"[\p{Punct}]+", "!", True, id="POSIX class within a class"),
        pytest.param(r"\p{Alnum}+", "é", False, id="POSIX classes are ASCII"),
        pytest.param(r"[\p{Print}&&[^|]]+", "a|b", False, id="intersection leaves out"),
        pytest.param(r"[\p{Print}&&[^|]]+", "ab", True, id="intersection keeps"),
        pytest.param(r"[\x{0022}]", '"', True, id="hexadecimal in braces"),
        pytest.param(r"a\z", "a", True, id="end of text"),
        pytest.param("[a-z]+", "abc1", False, id="the whole text must match"),
        pytest.param("^[a-z]+$", "abc\n", False, id="no line break after the end"),
        pytest.param("a|b", "b", True, id="alternatives"),
    ],
)
def test_a_pattern_means_what_it_means_in_java(pattern, text, matches):
    assert bool(patterns.matcher(pattern)(text)) is matches
