"""Functions that look like what people write, by theme. Each module is a table of cases (see `cases.py`)."""
