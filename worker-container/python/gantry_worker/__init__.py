"""The process in which one attempt of a job runs: see `__main__`."""
