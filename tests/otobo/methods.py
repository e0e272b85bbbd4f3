"""The table of the recorded methods: how each is asked here, what is not there yet, and what never will be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.otobo import definitions, lists, offers, permissions, records, values
from tests.otobo.asking import Replay
from tests.otobo.outcomes import Outcome

Method = Callable[[Replay, Mapping[str, Any]], Awaitable[Outcome]]

METHODS: Mapping[str, Method] = {
    "CustomerSearch": lists.customer_search,
    "CustomerSearchDetail": lists.search_detail,
    "CustomerCompanyList": lists.company_list,
    "CustomerCompanySearchDetail": lists.company_search_detail,
    "CustomerUserDataGet": records.data_get,
    "CustomerCompanyGet": records.company_get,
    "CustomerName": records.customer_name,
    "CustomerIDs": records.customer_ids,
    "CustomerUserCustomerMemberList": records.member_list,
    "CustomerUserSearchFields": definitions.search_fields,
    "GetFieldConfig": definitions.field_config,
    "GetFieldSelections": definitions.field_selections,
    "CustomerSourceList": definitions.source_list,
    "CustomerIDList": values.customer_id_list,
    "GetPreferences": values.preferences,
    "GroupMemberList": permissions.member_list,
    "GroupCustomerList": permissions.customer_list,
    "PermissionCheck": permissions.check,
    "GroupContextCustomers": permissions.accessible_customers,
    "EffectivePermissions": permissions.matrix,
    "CustomerUserServiceMemberList": offers.member_list,
    "ServiceGet": offers.service_get,
}

NOT_APPLICABLE = frozenset(
    {"SearchPreferences", "GroupContextNameGet", "GroupContextNameList", "GroupLookup", "ServiceLookup"}
)
"""A closed list: the API has no such question."""

PENDING: Mapping[str, str] = {
    "SetPreferences": "mutations",
    "CustomerUserAdd": "mutations",
    "CustomerUserUpdate": "mutations",
    "SetPassword": "mutations",
    "CustomerCompanyAdd": "mutations",
    "CustomerCompanyUpdate": "mutations",
    "CustomerUserCustomerMemberAdd": "mutations",
    "CustomerUserServiceMemberAdd": "mutations",
    "GroupMemberAdd": "mutations",
    "GroupCustomerAdd": "mutations",
    "Auth": "sign-in",
    "TicketCreate": "tickets",
    "TicketCustomerSet": "tickets",
    "TicketGet": "tickets",
}
"""Methods that belong to a later issue, and what they wait for."""
