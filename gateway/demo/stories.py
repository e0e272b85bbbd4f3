"""People with recognisable situations, and the groups and services they meet: written by hand, one fact a line."""

import enum
from dataclasses import dataclass


class Store(enum.Enum):
    """Where a person is kept; the order of the sources."""

    MAIN = "customer_user"
    CRM = "legacy_crm"
    LDAP = "directory"


@dataclass(frozen=True, slots=True)
class Story:
    """One record of somebody worth looking at; what is not said here is made up to fit."""

    store: Store
    login: str
    first_name: str
    last_name: str
    customer_id: str
    email: str | None = None
    title: str | None = None
    validity: int = 1
    further: tuple[str, ...] = ()
    comment: str | None = None


STORIES = (
    # in all three sources; PostgreSQL owns her, the others are shadowed and say something else
    Story(Store.MAIN, "anna.mueller", "Anna", "Müller", "NORDLICHT", title="Dr.", comment="Leiterin IT"),
    Story(Store.CRM, "anna.mueller", "Anna", "Müller-Voß", "K-1042", further=("NORDLICHT",)),
    Story(Store.LDAP, "anna.mueller", "Anna", "Müller", "NORDLICHT"),
    # an apostrophe in name and address; no services of her own, so the default ones
    Story(Store.MAIN, "j.oneill", "Jacqueline", "O'Neill", "EMERALD", email="j.o'neill@emerald.example"),
    # left the company: invalid in the source that owns the login, though the CRM still thinks otherwise
    Story(Store.MAIN, "ex.employee", "Bernd", "Ehemals", "ISARWERK", validity=2, comment="ausgeschieden"),
    Story(Store.CRM, "ex.employee", "Bernd", "Ehemals", "ISARWERK"),
    # on parental leave
    Story(Store.MAIN, "ines.pause", "Ines", "Pause", "RHEINGOLD", validity=3, comment="Elternzeit"),
    # several customers: assigned as additional ones
    Story(Store.MAIN, "mehmet.yilmaz", "Mehmet", "Yılmaz", "BOSPORUS", title="Dipl.-Ing."),
    # several customers: listed in the CRM's own column
    Story(Store.CRM, "lena.huber", "Lena", "Huber", "ALPENBLICK", further=("EDELWEISS", "A-2010")),
    # direct grants only, one of them in an invalid group
    Story(Store.MAIN, "katarzyna.wozniak", "Katarzyna", "Woźniak", "BURSZTYN"),
    # rights through the customer alone, in both contexts
    Story(Store.MAIN, "haruki.tanaka", "Haruki", "Tanaka", "SAKURA"),
    # owned by the CRM, shadowed in the directory, where the login is written differently
    Story(Store.CRM, "ove.lindqvist", "Ove", "Lindqvist", "NORRSKEN"),
    Story(Store.LDAP, "Ove.Lindqvist", "Ove", "Lindqvist", "NORRSKEN"),
    # one person in two spellings
    Story(Store.MAIN, "franz.huber", "Franz", "Huber", "EDELWEISS", title="Mag."),
    Story(Store.CRM, "Franz.Huber", "Franz", "Huber", "EDELWEISS"),
    # the customer is stored nowhere any more
    Story(Store.MAIN, "tom.verwaist", "Tom", "Verwaist", "PLEITE-AG"),
    Story(Store.CRM, "vera.verwaist", "Vera", "Verwaist", "CRM-0815", further=("K-1042", "PLEITE-AG")),
    # known to the directory alone; the only service assigned is invalid
    Story(Store.LDAP, "maria.garcia", "María", "García", "LA-PENA"),
    Story(Store.LDAP, "peter.abschied", "Peter", "Abschied", "HANSEATIC", validity=2),
    # shared mailboxes and umlauts as logins
    Story(
        Store.MAIN, "support@nordlicht.example", "Team", "Support", "NORDLICHT", "support@nordlicht.example"
    ),
    Story(Store.MAIN, "jürgen.groß", "Jürgen", "Groß", "K-1009"),
    Story(
        Store.MAIN, "prof.schneider", "Friederike", "Schneider-Łukaszewicz", "TU-SUED", title="Prof. Dr. Dr."
    ),
)

MISSING_CUSTOMER_IDS = frozenset({"PLEITE-AG", "CRM-0815"})
"""Customer IDs that people carry although nothing is stored under them."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the registry; the numbers below 4 are those of every OTOBO system."""

    id: int
    name: str
    comment: str
    validity: int = 1


GROUPS = (
    Group(4, "Support", "First level, all queues of the help desk"),
    Group(5, "Verkauf", "Angebote und Bestellungen"),
    Group(6, "Buchhaltung", "Rechnungen und Mahnungen"),
    Group(7, "Logistik", "Sendungen und Lager"),
    Group(8, "Außendienst", "Techniker vor Ort"),
    Group(9, "Projects", "Tickets of running projects"),
    Group(10, "Hotline 24/7", "Nights and weekends"),
    Group(11, "Altsystem", "bis 2023", validity=2),
)

SAME = "Ticket::CustomerID::Same"
OTHER = "Ticket::CustomerID::Other"

USER_GRANTS = (
    ("anna.mueller", "Support", "rw"),
    ("anna.mueller", "Projects", "ro"),
    ("katarzyna.wozniak", "Verkauf", "ro"),
    ("katarzyna.wozniak", "Buchhaltung", "rw"),
    ("katarzyna.wozniak", "Altsystem", "rw"),
    ("lena.huber", "Hotline 24/7", "ro"),
    ("maria.garcia", "Logistik", "ro"),
)
CUSTOMER_GRANTS = (
    ("NORDLICHT", "Logistik", "rw", SAME),
    ("NORDLICHT", "Buchhaltung", "ro", SAME),
    ("SAKURA", "Support", "ro", SAME),
    ("SAKURA", "Logistik", "ro", OTHER),
    ("BOSPORUS", "Logistik", "ro", SAME),
    ("K-1042", "Verkauf", "rw", SAME),
    ("EMERALD", "Projects", "rw", SAME),
    ("EMERALD", "Projects", "ro", OTHER),
)
WITHOUT_GRANTS = frozenset({"BURSZTYN"})
"""Customers that are granted nothing, so that their people hold what they hold by themselves."""
ADDITIONAL_CUSTOMERS = (
    ("mehmet.yilmaz", "NORDLICHT"),
    ("mehmet.yilmaz", "K-1042"),
    ("mehmet.yilmaz", "TR-6001"),
    ("anna.mueller", "HANSEATIC"),
)

SERVICES = (
    "Arbeitsplatz",
    "Arbeitsplatz::E-Mail",
    "Arbeitsplatz::Drucken",
    "Arbeitsplatz::Software",
    "Arbeitsplatz::Software::Office",
    "Arbeitsplatz::Software::CAD",
    "Auskunft",
    "Netzwerk",
    "Netzwerk::VPN",
    "Netzwerk::WLAN",
    "Netzwerk::Telefonie",
    "Netzwerk::Telefonie::Anlage",
    "Hosting",
    "Hosting::Web",
    "Hosting::Datenbank",
    "Hosting::Datenbank::PostgreSQL",
    "Hosting::Datenbank::MariaDB",
    "Hosting::Sicherung",
    "ERP",
    "ERP::Warenwirtschaft",
    "ERP::Lohn und Gehalt",
    "Field Service",
    "Field Service::Repair",
    "Field Service::Wartung",
    "Altsystem",
    "Altsystem::Fernwartung",
)
INVALID_SERVICES = frozenset({"Altsystem"})
DEFAULT_SERVICES = ("Arbeitsplatz", "Arbeitsplatz::E-Mail", "Auskunft")
OWN_SERVICES = (
    ("anna.mueller", "Hosting::Datenbank::PostgreSQL"),
    ("anna.mueller", "Netzwerk::VPN"),
    ("anna.mueller", "ERP"),
    ("lena.huber", "Netzwerk::WLAN"),
    ("maria.garcia", "Altsystem"),
)
PREFERENCES = (
    ("anna.mueller", "UserLanguage", "de"),
    ("anna.mueller", "UserTimeZone", "Europe/Berlin"),
    ("anna.mueller", "UserShowTickets", "25"),
    ("j.oneill", "UserLanguage", "en"),
    ("j.oneill", "UserTimeZone", "Europe/Dublin"),
    ("haruki.tanaka", "UserLanguage", "ja"),
)
SUPPORT_TIERS = (
    ("anna.mueller", "Gold"),
    ("haruki.tanaka", "Gold"),
    ("j.oneill", "Silber"),
    ("lena.huber", "Bronze"),
)
