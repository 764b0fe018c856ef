"""Names, streets, places and phone numbers of customers by country."""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker
from faker.providers.address.it_IT import Provider as ItalianAddresses

from generators.files.arrays import as_texts, chosen, texts, where
from generators.randomness import Bools, Ints
from generators.shop.markets import COUNTRIES, MARKETS
from generators.shop.names import spelt_names

STREETS: Final = 120  # per country
PLACES: Final = 60
NUMBER_FIRST: Final = {"FR", "GB", "US"}  # countries that write the house number before the street
DIAL_CODES: Final = {
    "DE": "+4915",
    "FR": "+336",
    "GB": "+447",
    "US": "+1212",
    "SE": "+467",
    "PL": "+485",
    "NL": "+316",
    "IT": "+393",
    "ES": "+346",
    "AT": "+43660",
}
ITALIAN_CITIES: Final = tuple(sorted(ItalianAddresses.cities))
PHONE_SCRAMBLER: Final = 61_803_397


class Spellings(NamedTuple):
    """Texts of all countries, one country after the other; the codes of customers point into them."""

    first_names: pa.Array
    last_names: pa.Array
    streets: pa.Array
    postal_codes: pa.Array
    cities: pa.Array


@lru_cache(maxsize=2)
def spellings_of(seed: int) -> Spellings:
    """The texts of this seed."""
    names = [spelt_names(seed, market.locale) for market in MARKETS]
    places = [spelt_places(seed, market.locale) for market in MARKETS]
    return Spellings(
        texts([name for first, _ in names for name in first]),
        texts([name for _, last in names for name in last]),
        *(texts([value for place in places for value in place[part]]) for part in range(3)),
    )


def spelt_places(seed: int, locale: str) -> tuple[list[str], list[str], list[str]]:
    """Streets, postal codes and cities of one locale."""
    faker = Faker(locale)
    faker.seed_instance(f"{seed} {locale} places")
    return (
        [faker.street_name() for _ in range(STREETS)],
        [faker.postcode() for _ in range(PLACES)],
        [city(faker, locale) for _ in range(PLACES)],
    )


def city(faker: Faker, locale: str) -> str:
    """A city. Faker keeps those of Italy in a set, whose order is another one in each process: here they are sorted."""
    return str(faker.random_element(ITALIAN_CITIES)) if locale == "it_IT" else faker.city()


def phone_numbers(owners: Ints) -> Ints:
    """Eight digits, other ones for each owner below 10**8."""
    return owners * PHONE_SCRAMBLER % 10**8


def phones(market: Ints, numbers: Ints, known: Bools) -> pa.Array:
    """Eight digits behind the dial code of the country; null where `known` is false."""
    dial_codes = chosen(texts([DIAL_CODES[country] for country in COUNTRIES]), market)
    digits = pc.utf8_lpad(as_texts(numbers), 8, "0")
    return where(known, pc.binary_join_element_wise(dial_codes, digits, ""))


def addresses(streets: pa.Array, house: Ints, market: Ints) -> pa.Array:
    """Street and house number in the order of the country."""
    number = as_texts(house)
    number_first = np.array([country in NUMBER_FIRST for country in COUNTRIES])[market]
    before, after = (pc.binary_join_element_wise(*parts, " ") for parts in ((number, streets), (streets, number)))
    return pc.if_else(pa.array(number_first), before, after)
