"""The JVM that the local jobs and these tests share the settings of."""

import pytest

pytestmark = pytest.mark.spark


def test_there_is_room_for_what_spark_compiles(spark):
    """With the 48 MB that C1 alone gets, the twentieth table was computed by an interpreter, or not at all."""
    pools = spark._jvm.java.lang.management.ManagementFactory.getMemoryPoolMXBeans()

    room = sum(pool.getUsage().getMax() for pool in pools if "code" in pool.getName().lower())

    assert room >= 250 * 2**20


def test_functions_are_looked_up_once(spark):
    """Each further look goes through all jars: py4j asks for a class of that name in every package it imports."""
    assert "functions" in vars(spark._jvm)
