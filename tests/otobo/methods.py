"""The table of the recorded methods: how each is asked here, what is not there yet, and what never will be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.otobo import definitions, lists, mutations, offers, permissions, records, signing, tickets, values
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
    "TicketCreate": tickets.create,
    "TicketCustomerSet": tickets.customer_set,
    "TicketGet": tickets.get,
    "CustomerUserAdd": mutations.user_add,
    "CustomerUserUpdate": mutations.user_update,
    "SetPassword": mutations.set_password,
    "SetPreferences": mutations.set_preferences,
    "CustomerCompanyAdd": mutations.company_add,
    "CustomerCompanyUpdate": mutations.company_update,
    "CustomerUserCustomerMemberAdd": mutations.member_add,
    "CustomerUserServiceMemberAdd": mutations.service_add,
    "GroupMemberAdd": mutations.group_member_add,
    "GroupCustomerAdd": mutations.group_customer_add,
    "Auth": signing.auth,
}

NOT_APPLICABLE = frozenset(
    {"SearchPreferences", "GroupContextNameGet", "GroupContextNameList", "GroupLookup", "ServiceLookup"}
)
"""A closed list: the API has no such question."""

PENDING: Mapping[str, str] = {}
"""Methods that belong to a later issue, and what they wait for: none at present."""
