"""The process in which one attempt of a job runs: see `__main__`."""

#: What the SDK imports, by the names of the distributions; requirements.txt has the versions it is tested with.
LIBRARIES = ("pydicom", "numpy", "nibabel", "pynetdicom", "dcm2niix")
