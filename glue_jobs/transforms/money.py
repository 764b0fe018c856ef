"""Exact division of money on both engines: in DuckDB the quotient of decimals is a DOUBLE.

Everything is done in 64-bit integers, so dividend and divisor are SQL of integers, such as names of bigint columns:
the Column API has no integer division. Rounds half away from zero, which is ROUND_HALF_UP of Python's `decimal`.
"""

from typing import Final

from cartlake.engine import Column, F

MONEY: Final = "decimal(18,2)"
RATE_UNITS: Final = 100_000_000
"""A rate has eight digits after the point."""

_STEP: Final = 10_000
"""Half of the digits of RATE_UNITS: one step of a long division."""


def cents(amount: str) -> Column:
    """Return an amount of money as a whole number of cents (bigint)."""
    return (F.col(amount).cast("decimal(20,2)") * F.lit(100)).cast("bigint")


def amount(units: str) -> Column:
    """Return a whole number of cents, the SQL of a bigint, as money; decimal(18,2)."""
    return _decimal(units, 2, 18)


def rate_units(rate: str) -> Column:
    """Return a rate as a whole number of hundred-millionths (bigint)."""
    # DuckDB multiplies decimals of up to 18 digits in 64 bits, and the product has more.
    return (F.col(rate).cast("decimal(28,8)") * F.lit(RATE_UNITS)).cast("bigint")


def quotient(units: str, divisor: str, digits: int, precision: int = 18) -> Column:
    """Divide, rounded half away from zero; decimal(precision,digits), and null when the divisor is 0.

    `units` counts the last digit: cents with two digits, thousandths with three. round(u / d) is
    (2 * |u| + d) div 2d with the sign of u. The divisor must not be negative, 2 * |u| + d must be below 2^63, and the
    result must fit. Name the precision here: SQLFrame drops a cast from one decimal to another.
    """
    rounded = f"((2 * abs({units}) + ({divisor})) div nullif(2 * ({divisor}), 0))"
    return _decimal(f"case when {units} < 0 then -{rounded} else {rounded} end", digits, precision)


def converted(amount_cents: str, rate: str) -> Column:
    """Divide an amount that is not negative by a rate, rounded half up to the cent; decimal(18,2).

    `rate` is in hundred-millionths. amount / rate is cents * 10^8 / rate units, and the product would not fit into 64
    bits for amounts above 46 million. So it is a long division in two steps of four digits: the first is cut off, the
    second divides what it left and is rounded. Exact for amounts below 9 trillion, rates from 0 to 4 million and
    results below 10^16.
    """
    return _decimal(_divided(amount_cents, rate), 2, 18)


def cross_rate(rate: str, reporting_rate: str) -> Column:
    """Divide a rate by another, both in hundred-millionths, rounded half up to eight digits; decimal(18,8).

    Exact for rates from 0 to 4 million, by one above 0, and results below 10^10.
    """
    return _decimal(_divided(rate, reporting_rate), 8, 18)


def exchanged(amount_cents: str, rate: str, reporting_rate: str) -> Column:
    """Divide an amount that is not negative by a rate and multiply it by another; decimal(18,2).

    Both rates are in hundred-millionths. The exact amount / rate * reporting_rate is rounded once, half up to the cent.
    It is a long division: the multiplier's digits of base 10^4, of which it may have four, are brought down one after
    the other. Each step divides less than 2 * 10^4 * rate, which has to be below 2^63. Exact for rates above 0 and
    below 4 million, and results below 10^16.
    """
    whole, left = f"({amount_cents} div {rate})", f"({amount_cents} % {rate})"
    quotient, rest = "0", "0"
    for place in (_STEP**3, _STEP**2, _STEP, 1):
        digit = f"(({reporting_rate} div {place}) % {_STEP})"
        dividend = f"({rest} * {_STEP} + {left} * {digit})"
        quotient, rest = f"({quotient} * {_STEP} + {dividend} div {rate})", f"({dividend} % {rate})"
    rounded = f"((2 * {rest} + {rate}) div (2 * {rate}))"
    return _decimal(f"({whole} * {reporting_rate} + {quotient} + {rounded})", 2, 18)


def _divided(units: str, rate: str) -> str:
    """Return the SQL of units * 10^8 / rate, rounded half up."""
    first = f"(({units} * {_STEP}) div {rate})"
    left = f"({units} * {_STEP} - {first} * {rate})"
    second = f"((2 * {_STEP} * {left} + {rate}) div (2 * {rate}))"
    return f"{first} * {_STEP} + {second}"


def _decimal(units: str, digits: int, precision: int) -> Column:
    """Return the number whose last digit is counted by the SQL `units`."""
    last_digit = f"cast({10**-digits:.{digits}f} as decimal({digits + 1},{digits}))"
    return F.expr(f"cast(cast({units} as decimal(18,0)) * {last_digit} as decimal({precision},{digits}))")
