"""What every type, field, argument and value means, in the words that people read in the explorer.

`WORDS` is looked up by path (`CustomerUser.login`, `Query.customerUsers(first)`), `COMMON` by the last name alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import GraphQLSchema, is_specified_scalar_type

WORDS: Mapping[str, str] = {
    "DateTime": "An instant, RFC 3339.",
    "JSON": "Any JSON value.",
    "Query": "Everything that can be read.",
    "Query.viewer": "Who is asking: the credential of this request.",
    "Query.node": "The record behind an id; null where there is none, or the id is none of ours.",
    "Query.nodes": "The same for up to 100 ids, in their order.",
    "Query.sources": "The ordered directories, with their fields and live health.",
    "Query.customerUser": (
        "By login. The first source in order that knows it answers (or only the source named); null where every"
        " source answered and none knows it. A login is never taken from a later source while an earlier one does"
        " not answer: that is an error (FAIL), or with PARTIAL the later source's record beside an error entry that"
        " names the gap."
    ),
    "Query.customerUser(source)": "Key of the only source to ask.",
    "Query.customerUsersByLogin": (
        "Up to 1000 logins at once, in their order: null where nobody has one, an error in its place where a silent"
        " source may own it."
    ),
    "Query.customerUsers": (
        "search: over each source's search fields, cut at the source's search list limit (reported as TRUNCATED)."
        " Without search, every customer user can be paged through. first: at most 1000."
    ),
    "Query.customerUsers(search)": "What to search for; left out or empty, everybody is listed.",
    "Query.customer": "By customer ID. The first customer source that knows it answers.",
    "Query.customers": "Customers over all customer sources, each once.",
    "Query.customers(search)": (
        "The OTOBO search grammar over the customer sources' search fields; here && , || and brackets are operators."
    ),
    "Query.customers(filter)": "Conditions, joined by AND.",
    "Query._entities": "What other services name by key: at most 1000, each record, null or an error in its place.",
    "Query._entities(representations)": "The type and the key of each, for example a CustomerUser and its login.",
    "Query._service": "This schema, for a router.",
    "_Service": "A schema that a router joins with others.",
    "_Service.sdl": "Its text, with the keys of its entities.",
    "_Entity": "What other services may name by key.",
    "_Any": "A type and a key.",
    "Viewer": "The caller of this request.",
    "Viewer.name": "Name of the credential, or the login of a customer user.",
    "Viewer.roles": "What the credential may do: admin, editor, reader, customer.",
    "Viewer.customerUser": "The customer user that signed in, where the credential is one's.",
    "Node": "Whatever has an id.",
    "Source": (
        "One of the up to ten ordered customer-user directories. The first source that knows a login owns it."
    ),
    "Source.key": "Configured key, unique: customer_user, customer_user1, …",
    "Source.name": "Configured name, for people.",
    "Source.kind": "The kind of store behind it.",
    "Source.position": "1-based place in the order.",
    "Source.readOnly": "Is it configured as read-only?",
    "Source.writable": (
        "Can customer users be created and changed here? Never for LDAP or a read-only source."
    ),
    "Source.fields": "The rows of its field mapping.",
    "Source.health": "How it answers right now.",
    "SourceHealth": "The answer to a sign of life asked for just now.",
    "SourceHealth.status": "Whether it answered.",
    "SourceHealth.latencyMs": "How long the answer took, in milliseconds.",
    "SourceHealth.checkedAt": "When it was asked.",
    "SourceHealth.message": "For people; carries no credentials, addresses or queries.",
    "SourceKind": "Kinds of store.",
    "SourceKind.POSTGRESQL": "A PostgreSQL table.",
    "SourceKind.MARIADB": "A MariaDB or MySQL table.",
    "SourceKind.SQLITE": "A table in an SQLite file.",
    "SourceKind.LDAP": "A directory; never written.",
    "SourceStatus": "How a source took part.",
    "SourceStatus.OK": "Answered completely.",
    "SourceStatus.TRUNCATED": "Answered, but its own limit cut the answer short.",
    "SourceStatus.TIMEOUT": "No answer inside the source's timeout.",
    "SourceStatus.UNAVAILABLE": "Could not be reached, or refused.",
    "SourceStatus.CIRCUIT_OPEN": "Not asked: it failed too often lately and is given time to recover.",
    "SourceStatus.SKIPPED": (
        "Not searched, since it lacks a field that the filter names; still asked which logins it hides."
    ),
    "SourceErrorPolicy": "What to do when a source that matters does not answer.",
    "SourceErrorPolicy.FAIL": "The field fails with the error code SOURCE_UNAVAILABLE.",
    "SourceErrorPolicy.PARTIAL": "The sources that answer are used; the others are reported.",
    "SourceReport": "What one source contributed to a list.",
    "SourceReport.source": "The source.",
    "SourceReport.status": "How it took part.",
    "SourceReport.servedFrom": "How old its part is.",
    "SourceReport.elapsedMs": "How long it took, in milliseconds.",
    "SourceReport.message": "Why, for a status other than OK.",
    "ServedFrom": "How old an answer is.",
    "ServedFrom.LIVE": "Asked just now.",
    "ServedFrom.CACHE": "From the cache, within its lifetime.",
    "ServedFrom.STALE_CACHE": "From the cache past its lifetime, because the source did not answer.",
    "ServedFrom.NONE": "Nothing was served.",
    "FieldDefinition": "One row of a source's field mapping.",
    "FieldDefinition.name": "GraphQL name of the field, e.g. firstName, room.",
    "FieldDefinition.variable": "Name of the mapped variable, e.g. UserFirstname, UserRoom.",
    "FieldDefinition.label": "Configured label, for people.",
    "FieldDefinition.required": "Must it be given?",
    "FieldDefinition.type": "What it holds.",
    "FieldDefinition.readOnly": "Is it never written?",
    "FieldDefinition.visible": "Is it shown in customer information?",
    "FieldDefinition.selection": "Values to choose from, when the mapping restricts them.",
    "FieldType": "What a mapped field holds.",
    "FieldType.STRING": "Text.",
    "FieldType.INT": "A whole number.",
    "FieldType.DYNAMIC_FIELD": "A dynamic field, which lives in the registry.",
    "SelectionOption": "One value to choose.",
    "SelectionOption.value": "The value as stored.",
    "SelectionOption.label": "What people read.",
    "CustomerUser": "A person served by the help desk.",
    "CustomerUser.login": "What the person is known by, unique over all sources.",
    "CustomerUser.source": "The source that owns the login.",
    "CustomerUser.writable": "May it be changed through this API by the source that owns it?",
    "CustomerUser.fullName": "Joined from the source's configured name fields.",
    "CustomerUser.label": (
        'Joined from the source\'s configured list fields, e.g. "Ada Lovelace <ada@example.org>".'
    ),
    "CustomerUser.customerId": "The primary customer's ID.",
    "CustomerUser.customerIds": (
        "All customer IDs that apply, primary first, honouring the source's exclude-primary setting."
    ),
    "CustomerUser.additionalCustomerIds": "The additional customers as stored: those assigned beside the primary one.",
    "CustomerUser.customer": (
        "The primary customer; null where none is stored under customerId or the source has no customer support."
    ),
    "CustomerUser.customers": "Customers stored under customerIds.",
    "CustomerUser.attributes": "Every mapped value that is not one of the standard fields above.",
    "CustomerUser.shadowedSources": "Later sources that hold the same login and are hidden by this one.",
    "CustomerUser.servedFrom": "How old this record is.",
    "Attribute": "A mapped value beside the standard fields.",
    "Attribute.name": "GraphQL name of the field.",
    "Attribute.variable": "Name of the mapped variable.",
    "Attribute.label": "Configured label, for people.",
    "Attribute.value": "The value, or the first of several.",
    "Attribute.values": "All values.",
    "CustomerUserConnection": "One page of customer users.",
    "CustomerUserConnection.totalCount": (
        "Matches over all sources that answered, each login once. Costs nothing unless selected."
    ),
    "CustomerUserConnection.totalCountPrecision": "AT_LEAST where a source was cut short or did not answer.",
    "CustomerUserConnection.sources": (
        "One report for each source, in order: a source that is down costs its own rows, never the answer."
    ),
    "CustomerUserEdge": "A customer user in a list.",
    "CustomerUserEdge.membership": "Only below a customer: how the customer user belongs to it.",
    "Membership": "How a customer user belongs to a customer.",
    "Membership.PRIMARY": "It is the primary customer.",
    "Membership.LISTED": "It stands in the mapped list of further customer IDs.",
    "Membership.ADDITIONAL": "It was assigned as an additional customer.",
    "CountPrecision": "Whether a number is all there is.",
    "CountPrecision.EXACT": "Exactly so many.",
    "CountPrecision.AT_LEAST": "So many or more.",
    "CustomerUserFilter": (
        "Conditions are joined by AND. A list left out is no condition; an empty list matches nothing."
    ),
    "CustomerUserFilter.login": "Substring of the login; * is a wildcard (in every kind of store).",
    "CustomerUserFilter.email": (
        "Exact match on the source's post-master search fields (the e-mail address by default),"
        " case-insensitively."
    ),
    "CustomerUserFilter.customerIds": (
        "Primary customer ID is one of these, compared with or without regard to case as the source is configured."
    ),
    "CustomerUserFilter.sources": "Only these sources, by key.",
    "CustomerUserFilter.excludeLogins": "Everybody but these.",
    "CustomerUserFilter.fields": ("AND over mapped fields, by GraphQL name; values may hold the wildcard *."),
    "FieldFilter": "A condition on one mapped field.",
    "FieldFilter.name": "GraphQL name of a mapped field, custom and dynamic fields included.",
    "FieldFilter.values": "OR over these.",
    "FieldFilter.operator": "How to compare.",
    "FilterOperator": "How a field is compared.",
    "FilterOperator.LIKE": "Anchored; * is a wildcard; case as the source searches.",
    "FilterOperator.EQUALS": "Exactly as stored.",
    "FilterOperator.EMPTY": "Has no value; values must be empty.",
    "FilterOperator.GREATER_THAN": "Is greater; numbers as numbers, texts by code point.",
    "FilterOperator.GREATER_THAN_EQUALS": "Is greater or the same.",
    "FilterOperator.SMALLER_THAN": "Is smaller.",
    "FilterOperator.SMALLER_THAN_EQUALS": "Is smaller or the same.",
    "CustomerUserOrder": "One field to order by; ties are broken by login.",
    "CustomerUserOrderField": "Every mapped field, custom ones included, in upper snake case; built at start.",
    "OrderDirection": "Up or down; missing values count as empty, and DESC is the exact reverse of ASC.",
    "OrderDirection.ASC": "From small to large.",
    "OrderDirection.DESC": "From large to small.",
    "SearchMode": "How the search text is read.",
    "SearchMode.OTOBO": (
        "The OTOBO search grammar: +, AND, OR, !, quotes, wildcards; blanks belong to the phrase."
    ),
    "SearchMode.WORDS": (
        "What a person types: every word must occur in some search field; * is the only wildcard."
    ),
    "Customer": "An organisation whose people the help desk serves.",
    "Customer.customerId": "What the organisation is known by, unique over all customer sources.",
    "Customer.name": "Name of the organisation.",
    "Customer.label": "Joined from the source's configured list fields.",
    "Customer.sourceKey": "Key of the customer source that holds it.",
    "Customer.writable": "May it be changed through this API?",
    "Customer.customerUsers": "Customer users that belong to this customer; the edge says how.",
    "Customer.customerUsers(membership)": "Only those who belong to it in one of these ways.",
    "Customer.attributes": "Every mapped value that is not one of the standard fields above.",
    "CustomerConnection": "One page of customers.",
    "CustomerConnection.totalCount": "Matches over all customer sources, each ID once. Costs nothing unless selected.",
    "CustomerEdge": "A customer in a list.",
    "CustomerFilter": "Conditions are joined by AND.",
    "CustomerFilter.customerIds": "The customer ID is one of these.",
    "CustomerFilter.fields": "AND over mapped fields, by GraphQL name; values may hold the wildcard *.",
    "CustomerOrder": "One field to order by; ties are broken by customer ID.",
    "CustomerOrderField": "What customers can be ordered by.",
    "PageInfo": "Where a page stands in its list.",
    "Validity": "Nothing is ever deleted; it is made invalid.",
    "Validity.VALID": "In use.",
    "Validity.INVALID": "Out of use.",
    "Validity.INVALID_TEMPORARILY": "Out of use for a while.",
    "Query.group": "By its exact name.",
    "Query.groups": "Groups, by name.",
    "Query.service": "By its exact full name.",
    "Query.services": "Services, by full name; without those below an invalid one.",
    "Query.defaultServices": "The services that stand in where a customer user has none assigned.",
    "CustomerUser.groups": "Direct grants as stored, invalid groups included.",
    "CustomerUser.effectivePermissions": (
        "The computed group rights: direct grants, grants through customers, always-groups."
    ),
    "CustomerUser.hasPermission": "Does the customer user hold the permission in the group?",
    "CustomerUser.hasPermission(group)": "Name of the group.",
    "CustomerUser.hasPermission(permission)": "The permission asked about.",
    "CustomerUser.hasPermission(context)": "SAME_CUSTOMER where left out.",
    "CustomerUser.accessibleCustomers": (
        "The customers whose tickets are within reach: directly, or through a group in the context OTHER_CUSTOMERS."
    ),
    "CustomerUser.services": (
        "Services in effect: the valid assigned ones, or the default services where none is assigned."
    ),
    "CustomerUser.assignedServices": "As stored, invalid ones included.",
    "Customer.groups": "Grants as stored.",
    "Customer.effectivePermissions": "Grants in effect, always-groups included.",
    "Group": "A permission group.",
    "Group.name": "Unique name.",
    "Group.customerUsers": "Customer users with a direct grant, by login; the edge carries the grant.",
    "Group.customers": "Customers with a grant, by customer ID; the edge carries the grant.",
    "Group.effectiveCustomerUsers": (
        "Everybody who holds the permission in this group, for whatever reason: the exact inverse of"
        " effectivePermissions."
    ),
    "Group.effectiveCustomerUsers(permission)": "The permission to be held.",
    "GroupGrant": "Permissions in one group.",
    "CustomerGroupGrant": "Permissions of a customer in one group and context.",
    "GroupCustomerUserConnection": "One page of customer users of a group.",
    "GroupCustomerUserEdge": "A customer user in a group.",
    "GroupCustomerUserEdge.node": "Null where no source holds the login any more.",
    "GroupCustomerConnection": "One page of customers of a group.",
    "GroupCustomerEdge": "A customer in a group.",
    "GroupCustomerEdge.node": "Null where no source holds the customer any more.",
    "EffectivePermission": "What is held in one group, and why.",
    "EffectivePermission.permissions": "Every key in effect; RW implies all the others.",
    "EffectivePermission.grants": "Why: one entry for each grant that contributes.",
    "EffectiveGrant": "A grant that contributes.",
    "EffectiveGrant.origin": "Where it comes from.",
    "EffectiveGrant.permissions": "The keys it stands for.",
    "EffectiveGrant.customer": "Set for grants through a customer; null where no such customer is stored.",
    "EffectiveGrant.customerId": "Set for grants through a customer, stored or not.",
    "EffectiveGrant.context": "Set for grants through a customer.",
    "AccessibleCustomer": "A customer within reach.",
    "AccessibleCustomer.customer": "The customer.",
    "AccessibleCustomer.direct": "It is one of the customer user's own.",
    "AccessibleCustomer.indirect": "It is reached through a group.",
    "PermissionKey": (
        "Built at start from the configured permission keys (default: ro, rw); a key is its OTOBO name in upper case."
    ),
    "PermissionKey.RO": "To read.",
    "PermissionKey.RW": "To read and write; implies every other key.",
    "PermissionOrigin": "Where a permission comes from.",
    "PermissionOrigin.DIRECT": "A grant on the customer user itself.",
    "PermissionOrigin.CUSTOMER": "A grant on one of the customer user's customers.",
    "PermissionOrigin.ALWAYS": "The configured groups that every customer user has.",
    "PermissionOrigin.UNRESTRICTED": "Group support is switched off: every valid group is granted.",
    "PermissionContext.SAME_CUSTOMER": "Tickets of the same customer.",
    "PermissionContext.OTHER_CUSTOMERS": "Tickets of other customers too.",
    "Service": "A service.",
    "Service.name": "Full name; parent and child are joined by '::'.",
    "Service.parent": "The service above it; null at the top, or where no service has that name.",
    "Service.isDefault": "Is it one of the default services?",
    "Service.customerUsers": "Customer users that the service is assigned to, by login.",
    "ServiceCustomerUserConnection": "One page of customer users of a service.",
    "ServiceCustomerUserEdge": "A customer user of a service.",
    "ServiceCustomerUserEdge.node": "Null where no source holds the login any more.",
    "Query.duplicateLogins": "Logins that more than one source holds: what the order hides.",
    "Query.customerUserCounts": (
        "How many customer users there are for each value of a mapped field, over all sources; most frequent first."
        " search: the OTOBO search grammar over the values themselves."
    ),
    "Query.customerUserCounts(by)": "GraphQL name of a mapped field.",
    "CustomerUserCounts": "How many customer users there are for each value.",
    "CustomerUserCounts.nodes": "Values, most frequent first.",
    "CustomerUserCounts.precision": "AT_LEAST where a source was cut short or did not answer.",
    "CustomerUserCount": "One value and its number.",
    "CustomerUserCount.value": "The value; null for those who have none.",
    "CustomerUserCount.count": "How many customer users have it.",
    "DuplicateLoginConnection": "One page of duplicate logins.",
    "Query.auditEntries": (
        "What was changed through this API, newest first; for admins who see all customers. It tells what was changed,"
        " and no value."
    ),
    "Query.auditEntries(login)": (
        "Only what concerns this customer user, as its login is stored: its record, by any name it had, and its"
        " relations."
    ),
    "AuditEntry": "One mutation that was done.",
    "AuditEntry.at": "When it was done.",
    "AuditEntry.actor": "Name of the credential, or login.",
    "AuditEntry.mutation": "Name of the mutation; a command's writes have those of the mutations whose rules it follows.",
    "AuditEntry.target": "Kind and key of what was changed, as it is called since, e.g. CustomerUser ada.",
    "AuditEntry.formerTarget": "The same before a rename; null where it was none.",
    "AuditEntry.logins": "Customer users whom it concerns beside the target, as far as they were noted.",
    "AuditEntry.sourceKey": "Key of the source that was written; null for what lives in the registry.",
    "AuditEntry.changedFields": "GraphQL names; empty where everything was as it was to be.",
    "AuditEntry.requestId": "What logs call the request.",
    "AuditEntryConnection": "One page of the audit trail.",
    "AuditEntryEdge": "An entry and where it stands.",
    "DuplicateLoginConnection.sources": "One report for each source, in order.",
    "CustomerUserCounts.sources": "One report for each source, in order.",
    "DuplicateLoginEdge": "A login that several sources hold.",
    "DuplicateLoginEdge.sources": "In order; the first one owns the login.",
    "CustomerUser.preferences": "Settings of the person, without secrets.",
    "Preference": "One setting of a person.",
    "Preference.key": "Its name.",
    "Preference.value": "What it is set to.",
    "Mutation": "Everything that can be changed.",
    "Subscription": "Everything that can be listened to.",
    "Subscription.customerUserChanged": (
        "Changes made through this API, on any replica. Null filters match everything the caller may read. Each event is"
        " authorised anew; the stream ends with the credential, and where changes may have been missed."
    ),
    "Subscription.customerUserChanged(logins)": "Only these customer users, by any name that a rename gives or takes.",
    "Subscription.customerUserChanged(customerIds)": "Only customer users of one of these customers, as it is then.",
    "ChangeKind": "What a mutation did.",
    "ChangeKind.CREATED": "It made the record.",
    "ChangeKind.UPDATED": "It changed the record, or its preferences.",
    "ChangeKind.RELATIONS_CHANGED": "It changed groups, services or additional customers.",
    "CustomerUserChange": "A change of one customer user.",
    "CustomerUserChange.kind": "What was done.",
    "CustomerUserChange.login": "The login, as it is since.",
    "CustomerUserChange.customerUser": "The record as it is when the change is told; null where nobody has the login any more.",
    "CustomerUserChange.changedFields": "GraphQL names of the fields that changed, without those that are hidden.",
    "CustomerUserChange.at": "When it was done.",
    "Mutation.customerLogin": (
        "Signs a customer user in against the sources' passwords and directories. Needs no credential; once for each"
        " operation."
    ),
    "CustomerLoginInput": "Who signs in, and with what.",
    "CustomerLoginInput.password": "The password.",
    "CustomerLoginInput.oneTimeCode": "Needed for a customer user who has set up a second factor.",
    "CustomerLoginPayload": (
        "A refusal is always the same: token null and one user error without field, code INVALID."
    ),
    "CustomerLoginPayload.token": "What to send as Authorization: Bearer from now on.",
    "CustomerLoginPayload.expiresAt": "When the token ends; it ends before if the customer user becomes invalid.",
    "CustomerLoginPayload.customerUser": "Who signed in, with the login as it is stored.",
    "Mutation.setCustomerUserPreferences": "Sets and removes preferences of one customer user.",
    "Mutation.setCustomerUserCustomers": "Replaces the additional customers of one customer user.",
    "Mutation.updateCustomerMembers": "Adds and removes customer users of one customer.",
    "Mutation.createGroup": "Makes a group.",
    "Mutation.updateGroup": "Renames a group, or makes it valid or invalid.",
    "Mutation.setCustomerUserGroups": (
        "Replaces the direct grants of one customer user on the groups named; no permissions take a grant away."
    ),
    "Mutation.setGroupCustomerUsers": "Replaces the direct grants on one group of the customer users named.",
    "Mutation.setCustomerGroups": "Replaces the grants of one customer on the groups and contexts named.",
    "Mutation.setGroupCustomers": "Replaces the grants on one group of the customers and contexts named.",
    "Mutation.createService": "Makes a service; its parent must be there.",
    "Mutation.updateService": "Changes a service; a new name renames everything below it.",
    "Mutation.setCustomerUserServices": "Replaces the services assigned to one customer user.",
    "Mutation.updateServiceCustomerUsers": "Assigns one service to customer users and takes it away from others.",
    "Mutation.setDefaultServices": "Replaces the default services.",
    "UserError": "Something in the input that the caller can put right. Nothing was written.",
    "UserError.field": 'Path into the input, e.g. ["email"].',
    "UserError.code": "What kind of mistake it is.",
    "UserError.message": "What is wrong, for people.",
    "UserErrorCode": "Kinds of mistakes in an input.",
    "UserErrorCode.REQUIRED": "It must be given.",
    "UserErrorCode.INVALID": "It cannot be this value.",
    "UserErrorCode.TAKEN": "It belongs to another record.",
    "UserErrorCode.NOT_FOUND": "There is no such record.",
    "UserErrorCode.READ_ONLY": "It cannot be changed here.",
    "UserErrorCode.SOURCE_UNAVAILABLE": "A silent source may know it: nobody can say.",
    "UserErrorCode.AMBIGUOUS": "It may mean several records.",
    "UserErrorCode.CONFLICT": "It was changed by somebody else, or something is left under this name.",
    "UserErrorCode.FORBIDDEN": "It is out of reach for this credential.",
    "CustomerUserPayload": "The customer user as it is then.",
    "CustomerUserPayload.customerUser": "Null where something was wrong with the input.",
    "CustomerPayload": "The customer as it is then.",
    "CustomerPayload.customer": "Null where something was wrong with the input.",
    "GroupPayload": "The group as it is then.",
    "GroupPayload.group": "Null where something was wrong with the input.",
    "ServicePayload": "The service as it is then.",
    "ServicePayload.service": "Null where something was wrong with the input.",
    "DefaultServicesPayload": "The default services as they are then.",
    "DefaultServicesPayload.services": "Those that are valid.",
    "Mutation.createCustomerUser": "Makes a customer user in a writable source.",
    "Mutation.updateCustomerUser": "Changes a customer user, in the source that owns the login; nothing is ever deleted.",
    "Mutation.setCustomerUserPassword": "Gives a customer user a password.",
    "Mutation.createCustomer": "Makes a customer in a writable customer source.",
    "Mutation.updateCustomer": "Changes a customer; a new ID takes along everything that hangs on the old one.",
    "CustomerPayload.unchangedLogins": (
        "After a new customer ID: customer users of read-only sources, which keep the old one."
    ),
    "CreateCustomerUserPayload": "The customer user that was made.",
    "CreateCustomerUserPayload.customerUser": "Null where something was wrong with the input.",
    "SetCustomerUserPasswordPayload": "Whose password was set.",
    "SetCustomerUserPasswordPayload.customerUser": "Null where something was wrong with the input.",
    "CreateCustomerUserInput": "A customer user to make.",
    "CreateCustomerUserInput.source": "Key of a writable source; default: the first writable one.",
    "CreateCustomerUserInput.password": "Generated, and returned once, where empty.",
    "UpdateCustomerUserInput": 'A customer user to change. A field left out stays as it is; null or "" empties it.',
    "UpdateCustomerUserInput.newLogin": "The login from now on; everything that hangs on the old one follows.",
    "SetCustomerUserPasswordInput": "A password to set.",
    "SetCustomerUserPasswordInput.password": "Generated where empty.",
    "SetCustomerUserPasswordInput.currentPassword": "Needed when a customer user changes its own.",
    "Mutation.upsertCustomerUser": (
        "Makes the customer user, or changes what differs; no password is set. What a synchronising partner calls."
    ),
    "Mutation.upsertCustomerUsers": "The same for up to 100 at once, each login in one row.",
    "UpsertCustomerUserInput": (
        "A customer user as it shall be. For a new login as CreateCustomerUserInput; for one that is there a patch:"
        ' a field left out stays as it is; null or "" empties it.'
    ),
    "UpsertCustomerUserInput.source": (
        "Key of the source: a writable one for a new login (default: the first), the owner of one that is there."
    ),
    "UpsertCustomerUserInput.idempotencyKey": (
        "Kept for 24 hours for this credential: whoever repeats the call with its key gets the first answer, and"
        " nothing is written again. The same key with another input is CONFLICT."
    ),
    "UpsertCustomerUserPayload": "What became of a row.",
    "UpsertCustomerUserPayload.customerUser": "Null where something was wrong with the input.",
    "UpsertCustomerUserPayload.result": "Null where something was wrong with the input.",
    "UpsertCustomerUsersInput": "Customer users as they shall be.",
    "UpsertCustomerUsersInput.rows": "Up to 100, each login once.",
    "UpsertCustomerUsersInput.errorPolicy": "What becomes of the good rows beside a bad one.",
    "UpsertCustomerUsersInput.idempotencyKey": "As for one; a row has none of its own here.",
    "UpsertCustomerUsersPayload": "What became of all rows.",
    "UpsertCustomerUsersPayload.rows": "One entry for each row, in order; errors name their place in the whole input.",
    "UpsertCustomerUsersPayload.written": "How many were created or updated.",
    "UpsertResult": "What became of a row.",
    "UpsertResult.CREATED": "The login was new.",
    "UpsertResult.UPDATED": "Something was changed.",
    "UpsertResult.NOOP": "All was so already; nothing was written.",
    "BulkErrorPolicy": "What becomes of the good rows beside a bad one.",
    "BulkErrorPolicy.REJECT_ALL": "One bad row: nothing is written.",
    "BulkErrorPolicy.REJECT_ROWS": "Bad rows are left out.",
    "CreateCustomerInput": "A customer to make.",
    "CreateCustomerInput.source": "Key of a writable customer source; default: the first writable one.",
    "UpdateCustomerInput": 'A customer to change. A field left out stays as it is; null or "" empties it.',
    "UpdateCustomerInput.newCustomerId": "The ID from now on; everything that hangs on the old one follows.",
    "Mutation.setTicketCustomerUser": "Sets a ticket's customer user and fills its mapped dynamic fields.",
    "SetTicketCustomerUserPayload": "What the ticket's dynamic fields hold then.",
    "SetTicketCustomerUserPayload.dynamicFields": "The fields that were set.",
    "SetTicketCustomerUserInput": (
        "A ticket's customer user. At least one of login and customerId; customerId defaults to the login's primary"
        ' one; "" takes away.'
    ),
    "SetTicketCustomerUserInput.ticketId": "The ticket's numeric id.",
    "CustomerUser.ticketDynamicFields": (
        "What a ticket of this customer user gets in its dynamic fields, by the configured mapping."
    ),
    "DynamicFieldValue": "A dynamic field and its value.",
    "DynamicFieldValue.name": "Name of the dynamic field.",
    "DynamicFieldValue.value": "What it holds; the empty text where there is nothing to take over.",
    "SetCustomerUserPreferencesInput": "Preferences of one customer user.",
    "SetCustomerUserPreferencesInput.preferences": "What to set or remove; others stay.",
    "PreferenceInput": "One preference.",
    "PreferenceInput.value": "null removes it.",
    "SetCustomerUserCustomersInput": "The additional customers of one customer user.",
    "SetCustomerUserCustomersInput.customerIds": "All of them; those not named are taken away.",
    "UpdateCustomerMembersInput": "Changes among the customer users of one customer.",
    "UpdateServiceCustomerUsersInput": "Changes among the customer users of one service.",
    "SetCustomerUserGroupsInput": "Grants of one customer user.",
    "SetGroupCustomerUsersInput": "Grants on one group.",
    "SetCustomerGroupsInput": "Grants of one customer.",
    "SetGroupCustomersInput": "Grants on one group.",
    "GroupGrantInput": "Permissions on one group.",
    "CustomerUserGrantInput": "Permissions of one customer user.",
    "CustomerGrantInput": "Permissions of one customer in one context.",
    "CustomerGroupGrantInput": "Permissions on one group in one context.",
    "CreateGroupInput": "A group to make.",
    "UpdateGroupInput": "A group to change; a field left out stays as it is.",
    "CreateServiceInput": "A service to make.",
    "CreateServiceInput.name": "Full name; parent and child are joined by '::'.",
    "UpdateServiceInput": "A service to change; a field left out stays as it is.",
    "SetCustomerUserServicesInput": "The services of one customer user.",
    "SetDefaultServicesInput": "The default services.",
    "PermissionContext": (
        "Whose tickets a grant on a customer covers: those of the same customer, or those of other customers too."
    ),
}

COMMON: Mapping[str, str] = {
    "id": "Opaque, and the same whatever the order of the sources; `node` finds the record again.",
    "ids": "Ids as the field `id` gave them.",
    "login": "The login.",
    "logins": "Logins, in the order of the answer.",
    "customerId": "The customer ID.",
    "title": "Title, such as Dr.",
    "firstName": "First name.",
    "lastName": "Last name.",
    "email": "E-mail address.",
    "phone": "Telephone number.",
    "fax": "Fax number.",
    "mobile": "Mobile number.",
    "street": "Street and number.",
    "zip": "Postal code.",
    "city": "City.",
    "country": "Country.",
    "url": "Web address.",
    "comment": "Remark.",
    "validity": "Whether it is in use; in filters VALID alone where nothing is said.",
    "createdAt": "When it was created, where the store knows.",
    "changedAt": "When it was changed last, where the store knows.",
    "version": (
        "Changes with every change of the record: send it back as ifVersion to notice a concurrent change."
    ),
    "edges": "The rows of the page with their cursors.",
    "nodes": "The records of the page.",
    "node": "The record.",
    "pageInfo": "Where the page stands in the list.",
    "cursor": "The row's place: `after` this row goes on behind it.",
    "hasNextPage": "Do rows follow?",
    "hasPreviousPage": "Was `after` given?",
    "startCursor": "Cursor of the first row; null on an empty page.",
    "endCursor": "Cursor of the last row; null on an empty page.",
    "first": "How many rows, 0 to 1000; 100 where nothing is said.",
    "after": "Go on behind the row with this cursor of the same list.",
    "filter": "Conditions, joined by AND.",
    "orderBy": "Fields and directions, the first one first; ties by login or customer ID.",
    "search": "What to search for.",
    "searchMode": "How the search text is read.",
    "onSourceError": "What to do when a source that matters does not answer.",
    "input": "What to write.",
    "generatedPassword": "The password, where one was generated: shown this once, and stored as a hash only.",
    "ifVersion": "Refuses with CONFLICT where the record has another version by now.",
    "adoptRelations": (
        "A login or customer ID under which relations, grants or preferences are left from before is refused"
        " (CONFLICT): whoever takes it would inherit them. Admins may say true to take them over."
    ),
    "userErrors": "What is wrong with the input; where something is, nothing was written.",
    "key": "Its key.",
    "add": "Logins to add.",
    "remove": "Logins to remove.",
    "grants": "The grants to replace; those not named stay.",
    "service": "Full name of the service.",
    "services": "Full names of services; all of them.",
    "newName": "What it is to be called from now on.",
    "name": "Its name.",
    "group": "The group.",
    "permissions": "The permissions.",
    "context": "Whose tickets are meant.",
    "totalCount": "How many there are in all.",
    "field": "The field to order by.",
    "direction": "Up or down.",
}


def describe(schema: GraphQLSchema, custom: Mapping[str, str]) -> None:
    """Give every element of `schema` its words; `custom` holds those of mapped fields, by path."""
    words = {**WORDS, **custom}
    for type_ in schema.type_map.values():
        if type_.name.startswith("__") or is_specified_scalar_type(type_):
            continue
        type_.description = words.get(type_.name, type_.description)
        for name, field in getattr(type_, "fields", {}).items():
            field.description = words.get(f"{type_.name}.{name}") or COMMON.get(name)
            for argument, definition in getattr(field, "args", {}).items():
                path = f"{type_.name}.{name}({argument})"
                definition.description = words.get(path) or COMMON.get(argument)
        for name, value in getattr(type_, "values", {}).items():
            value.description = words.get(f"{type_.name}.{name}") or _by_its_name(type_.name, name)


def missing(schema: GraphQLSchema) -> list[str]:
    """Paths of all elements that have no words."""
    found: list[str] = []
    for type_ in schema.type_map.values():
        if type_.name.startswith("__") or is_specified_scalar_type(type_):
            continue
        elements: dict[str, str | None] = {type_.name: type_.description}
        for name, field in getattr(type_, "fields", {}).items():
            elements[f"{type_.name}.{name}"] = field.description
            for argument, definition in getattr(field, "args", {}).items():
                elements[f"{type_.name}.{name}({argument})"] = definition.description
        for name, value in getattr(type_, "values", {}).items():
            elements[f"{type_.name}.{name}"] = value.description
        found += [path for path, text in elements.items() if not text]
    return found


def _by_its_name(type_name: str, value: str) -> str | None:
    if type_name == "PermissionKey":
        return f"The permission {value.lower()}."
    return f"By {value.lower().replace('_', ' ')}." if type_name.endswith("OrderField") else None
