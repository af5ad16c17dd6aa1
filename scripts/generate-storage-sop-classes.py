"""Writes core/upper-layer/storage-sop-classes.ts from pydicom's UID dictionary.

Run with a Python that has pydicom, then let Prettier have its way:

    python scripts/generate-storage-sop-classes.py > core/upper-layer/storage-sop-classes.ts
    npx prettier --write core/upper-layer/storage-sop-classes.ts

A storage SOP class is one whose name says Storage, retired ones included: old modalities still send them.
Storage Commitment is another service, and a DICOMDIR travels on media only.
"""

from pydicom import __version__
from pydicom._uid_dict import UID_dictionary

NOT_BY_C_STORE = ("Media Storage Directory", "Storage Commitment")

HEADER = f"""/**
 * Every storage SOP class, with its name: those of pydicom {__version__}'s UID dictionary (PS3.6 table A-1), retired
 * ones included. Written by scripts/generate-storage-sop-classes.py; change that, not this.
 */
export const STORAGE_SOP_CLASSES: ReadonlyMap<string, string> = new Map(["""


def is_storage(name: str, kind: str) -> bool:
    return kind == "SOP Class" and "Storage" in name and not name.startswith(NOT_BY_C_STORE)


print(HEADER)
for uid, (name, kind, _info, _retired, _keyword) in UID_dictionary.items():
    if is_storage(name, kind):
        print(f"  ['{uid}', {name!r}],")
print("]);")
