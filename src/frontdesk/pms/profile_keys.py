"""What the tables of a profile have in common: kinds of values, and that no other key is accepted."""

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=60)]
Pointer = Annotated[str, Meta(description="a JSON pointer such as /data/id; empty: the whole, or nothing")]
NeededPointer = Annotated[str, Meta(min_length=1, description="a JSON pointer such as /data/id")]
Template = Annotated[str, Meta(description="text with {names} in it")]
Word = str | int
Query = dict[str, Template | tuple[Template, ...]]
Size = Annotated[int, Meta(ge=1, le=100_000)]


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of a profile. A key that it does not know is refused."""
