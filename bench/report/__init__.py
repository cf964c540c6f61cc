"""From the JSON of a run to a page, tables in docs and README, and the comparison of two runs."""
