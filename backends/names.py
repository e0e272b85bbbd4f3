"""Names of the standard fields: OTOBO's variables, those of GraphQL, and attributes of our records."""

from __future__ import annotations

import re
from collections.abc import Mapping


def graphql_name(variable: str) -> str:
    """`UserRoom` becomes `room`: the variable loses its prefix and takes lower camel case."""
    stem = re.sub(r"^(User|CustomerCompany|DynamicField_)(?=.)", "", variable)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", stem)
    return "".join(word.lower() if not place else word.capitalize() for place, word in enumerate(words))


USER_NAMES: Mapping[str, str] = {
    "UserTitle": "title",
    "UserFirstname": "firstName",
    "UserLastname": "lastName",
    "UserLogin": "login",
    "UserEmail": "email",
    "UserCustomerID": "customerId",
    "UserCustomerIDs": "listedCustomerIds",
    "UserPhone": "phone",
    "UserFax": "fax",
    "UserMobile": "mobile",
    "UserStreet": "street",
    "UserZip": "zip",
    "UserCity": "city",
    "UserCountry": "country",
    "UserComment": "comment",
    "ValidID": "validity",
}
"""GraphQL names of the standard variables of a customer user (MAP-3)."""

CUSTOMER_NAMES: Mapping[str, str] = {
    "CustomerID": "customerId",
    "CustomerCompanyName": "name",
    "CustomerCompanyStreet": "street",
    "CustomerCompanyZIP": "zip",
    "CustomerCompanyCity": "city",
    "CustomerCompanyCountry": "country",
    "CustomerCompanyURL": "url",
    "CustomerCompanyComment": "comment",
    "ValidID": "validity",
}
"""GraphQL names of the standard variables of a customer (MAP-4)."""

USER_ATTRIBUTES: Mapping[str, str] = {
    "login": "login",
    "title": "title",
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "customerId": "customer_id",
    "phone": "phone",
    "fax": "fax",
    "mobile": "mobile",
    "street": "street",
    "zip": "zip",
    "city": "city",
    "country": "country",
    "comment": "comment",
}
"""Attributes of `CustomerUser` by GraphQL name."""

CUSTOMER_ATTRIBUTES: Mapping[str, str] = {
    "customerId": "customer_id",
    "name": "name",
    "street": "street",
    "zip": "zip",
    "city": "city",
    "country": "country",
    "url": "url",
    "comment": "comment",
}
"""Attributes of `Customer` by GraphQL name."""
