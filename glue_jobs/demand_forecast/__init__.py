"""The job that forecasts demand, measures what prices do to it, and says what a change of price would do.

Everything but `main.py` and `pipeline.py` is pure functions of numpy arrays. Glue 5 has numpy and scikit-learn.
"""
