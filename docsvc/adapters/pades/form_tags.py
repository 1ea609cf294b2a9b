"""The seal's field in the structure of a tagged PDF, so that a screen reader comes to it (ISO 14289-1, 7.18.4)."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic as pyhanko_generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string

generic: Any = pyhanko_generic  # whose constructors declare no types


def tag_field(writer: Any, field: Any, described: str) -> None:
    """Put the field of an incremental `writer` (a reference) at the end of the document's structure, as a form.

    A file without a structure, or with one that is not the office's, is left as it is.
    """
    try:
        tree = writer.root["/StructTreeRoot"]
        numbers, kids = tree["/ParentTree"]["/Nums"], tree["/K"]
        document = kids.raw_get(len(kids) - 1)
        below = document.get_object()["/K"]
    except (KeyError, TypeError, AttributeError, IndexError):
        return
    if not isinstance(below, generic.ArrayObject) or not numbers:
        return
    widget, key = field.get_object(), max(int(numbers[i]) for i in range(0, len(numbers), 2)) + 1
    page = widget.raw_get("/P")
    form = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/StructElem"),
                pdf_name("/S"): pdf_name("/Form"),
                pdf_name("/P"): document,
                pdf_name("/Pg"): page,
                pdf_name("/Alt"): pdf_string(described),
                pdf_name("/K"): generic.DictionaryObject(
                    {pdf_name("/Type"): pdf_name("/OBJR"), pdf_name("/Obj"): field, pdf_name("/Pg"): page}
                ),
            }
        )
    )
    widget[pdf_name("/StructParent")] = generic.NumberObject(key)
    numbers.extend([generic.NumberObject(key), form])
    writer.update_container(numbers)
    below.append(form)
    writer.update_container(below)
