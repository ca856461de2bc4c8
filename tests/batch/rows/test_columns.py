"""CSV columns: their names, and the meaning of their cells."""

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch.rows.columns import columns, open_columns, read_header
from paycombat_async.schemas import AuthorizedUserDetails, UpdateCompany, UpdateCustomer, UpdateIndividual


def test_every_field_of_an_update_has_a_column() -> None:
    """The columns are the Struct's fields, nested ones with dots; `extra` has none."""
    top = set(UpdateCustomer.__struct_fields__) - {"metadata", "company", "individual", "extra"}
    company = {f"company.{name}" for name in UpdateCompany.__struct_fields__} - {"company.authorized_user"}
    user = {f"company.authorized_user.{name}" for name in AuthorizedUserDetails.__struct_fields__}
    individual = {f"individual.{name}" for name in UpdateIndividual.__struct_fields__}

    assert top | company | user | individual == set(columns())
    assert ("metadata.",) == open_columns()


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["customer_id", "compny.name"], "unknown column 'compny.name' (column 2); did you mean 'company.name'?"),
        (["customer_id", "metdata.tier"], "unknown column 'metdata.tier' (column 2); did you mean 'metadata.…'?"),
        (["customer_id", "qqqqqq"], "unknown column 'qqqqqq' (column 2); the columns are customer_id, description, "),
        (["customer_id", "extra"], "unknown column 'extra' (column 2)"),
        (["customer_id", "metadata."], "unknown column 'metadata.' (column 2)"),
        (["customer_id", "company"], "unknown column 'company' (column 2)"),
        (["CUSTOMER_ID"], "unknown column 'CUSTOMER_ID' (column 1); did you mean 'customer_id'?"),
        (["customerId"], "unknown column 'customerId' (column 1); did you mean 'customer_id'?"),
        (["customer_id", "Company.Name"], "unknown column 'Company.Name' (column 2); did you mean 'company.name'?"),
        (["customer_id", "Address-Line1"], "unknown column 'Address-Line1' (column 2); did you mean "),
        (["customer_id", "Metadata.VIP"], "unknown column 'Metadata.VIP' (column 2); did you mean 'metadata.VIP'?"),
        (["customer_id", "type", "type"], "line 1: the column 'type' occurs twice; keep one of them"),
        (["description"], "line 1: there is no column 'customer_id'"),
        (["customer_id|description"], "the columns are not separated by commas; name what separates them: --delimiter"),
        (["customer_id", "metadata.__proto__"], "column 'metadata.__proto__' cannot be sent"),
    ],
    ids=[
        "near",
        "near family",
        "far",
        "extra",
        "no key",
        "object",
        "capitals",
        "camel",
        "nested capitals",
        "gap",
        "family capitals",
        "twice",
        "no id",
        "bars",
        "proto",
    ],
)
def test_a_header_that_cannot_be_trusted_is_refused(cells: list[str], sentence: str) -> None:
    """One message names the column and, if there is one, the most similar known name."""
    with pytest.raises(ConfigurationError) as caught:
        read_header(cells, 1)

    assert sentence in str(caught.value)


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    ("empty", "cell", "expected"),
    [
        ("keep", "", {}),
        ("keep", "<clear>", {"description": ""}),
        ("keep", "<keep>", {}),
        ("keep", "text", {"description": "text"}),
        ("clear", "", {"description": ""}),
        ("clear", "<clear>", {"description": ""}),
        ("clear", "<keep>", {}),
        ("clear", " ", {"description": " "}),
    ],
)
def test_cells_keep_clear_or_set(empty: str, cell: str, expected: dict[str, str]) -> None:
    """Empty cells, `<clear>` and `<keep>` mean what the mode says; other cells are values."""
    header = read_header(["customer_id", "description"], 1)

    fields = header.fields(["c", cell], empty)

    assert {"customer_id": "c", **expected} == fields


def test_dotted_columns_nest() -> None:
    """Objects without a filled cell are omitted; the columns of a failures file are ignored."""
    names = ["_line", "customer_id", "company.authorized_user.email", "individual.email", "metadata.a.b", "_error"]
    header = read_header(names, 1)

    fields = header.fields(["7", "c", "x@y.example", "", "1", "because"], "keep")

    assert {
        "customer_id": "c",
        "company": {"authorized_user": {"email": "x@y.example"}},
        "metadata": {"a.b": "1"},
    } == fields
