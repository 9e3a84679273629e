"""Whom the invented company sells to, what it sells and what people write about: plain lists with weights."""

from dataclasses import dataclass

REGIONS = {
    "europe": (("GB", "en"), ("DE", "de"), ("FR", "fr"), ("NL", "nl"), ("SE", "sv"), ("ES", "es")),
    "americas": (("US", "en"), ("CA", "en"), ("MX", "es")),
    "asia": (("IN", "en"), ("SG", "en"), ("AU", "en")),
}
REGION_WEIGHTS = (52, 31, 17)
COUNTRY_WEIGHTS = {"europe": (8, 6, 4, 3, 2, 2), "americas": (9, 3, 2), "asia": (6, 3, 2)}

SEGMENTS = ("small business", "mid-market", "enterprise")
SEGMENT_WEIGHTS = (62, 29, 9)
ACQUISITION = ("search", "referral", "partner", "trade fair", "advertisement", None)
ACQUISITION_WEIGHTS = (34, 19, 17, 9, 16, 5)
LEAVE_REASONS = ("price", "missing feature", "moved to a competitor", "service quality", "closed down", None)
LEAVE_WEIGHTS = (27, 18, 16, 12, 9, 18)
PLANS = (("Starter", 49), ("Team", 190), ("Business", 690), ("Enterprise", 2_400))
PLAN_WEIGHTS = {
    "small business": (60, 34, 6, 0), "mid-market": (8, 44, 44, 4), "enterprise": (0, 6, 44, 50)
}  # fmt: skip

FIRST_SYLLABLES = (
    "Vel", "Osta", "Quen", "Bramo", "Tirra", "Calde", "Zemi", "Hulvo", "Drana", "Lorri", "Pasca", "Ferro", "Isken",
    "Wolda", "Nerva", "Junka", "Mirra", "Sabre", "Tolvi", "Eskel", "Rundo", "Ganto", "Yarla", "Ovin", "Kedra",
)  # fmt: skip
LAST_SYLLABLES = ("mar", "dis", "nix", "vale", "tor", "lund", "sby", "rel", "quo", "zan", "mere", "pont", "gard", "lio")
TRADES = ("Foods", "Logistics", "Studio", "Works", "Clinics", "Textiles", "Energy", "Travel", "Tools", "Schools")
CUSTOMER_NAMES = (
    "Ada", "Bo", "Cem", "Dea", "Eli", "Fia", "Gil", "Hana", "Ida", "Jan", "Kim", "Lin", "Mo", "Nia", "Oda", "Pia",
    "Quim", "Rosa", "Sol", "Tom", "Una", "Vik", "Wim", "Yan", "Zara", "Aldo", "Bea", "Caro", "Dion", "Elsa",
)  # fmt: skip

PRODUCTS = ("Planner", "Invoices", "Mobile app", "Connect", "Reports")


@dataclass(frozen=True)
class Reason:
    """What tickets are about: how often, of which type, on which products, and how hard to solve (1 = usual)."""

    path: str
    weight: int
    type: str
    products: tuple[str, ...]
    effort: float
    subject: str
    tag: str | None = None


REASONS = (
    Reason("billing/refund", 60, "request", ("Invoices", "Planner"), 1.1, "Please refund our last payment", "money"),
    Reason("billing/invoice", 100, "question", ("Invoices",), 0.9, "Question about our invoice", "money"),
    Reason("billing/card_declined", 45, "problem", ("Invoices", "Planner"), 0.8, "Our card was declined", "money"),
    Reason("account/login", 105, "problem", ("Planner", "Mobile app", "Reports"), 0.6, "Cannot sign in", "access"),
    Reason("account/permissions", 55, "request", ("Planner", "Reports"), 0.8, "Rights for a colleague", "access"),
    Reason("how_to/setup", 90, "question", ("Planner", "Invoices", "Connect"), 0.8, "How do we set this up?"),
    Reason("how_to/reports", 80, "question", ("Reports",), 0.9, "Which report shows this?", "reporting"),
    Reason("how_to/automation", 40, "question", ("Planner", "Connect"), 1.0, "Automating a weekly step"),
    Reason("bug/crash", 60, "incident", ("Mobile app", "Planner", "Reports"), 1.5, "It closes by itself", "bug"),
    Reason("bug/sync", 75, "incident", ("Mobile app", "Connect", "Planner"), 1.4, "Entries do not arrive", "bug"),
    Reason("bug/display", 45, "problem", ("Planner", "Reports", "Mobile app"), 1.1, "Page looks broken", "bug"),
    Reason("integration/api", 60, "problem", ("Connect",), 1.3, "Interface answers with an error", "technical"),
    Reason("integration/webhook", 35, "problem", ("Connect",), 1.3, "No notices are sent", "technical"),
    Reason("integration/import", 50, "request", ("Connect", "Planner"), 1.2, "Import of old records", "technical"),
    Reason("feature/request", 55, "request", PRODUCTS, 0.7, "It would be good to have", "idea"),
    Reason("privacy/data_request", 20, "request", ("Planner",), 1.2, "Copy of our personal data", "privacy"),
    Reason("other", 25, "question", PRODUCTS, 0.9, "General question"),
)
REASON_BY_PATH = {reason.path: reason for reason in REASONS}
TEAM_BY_TOPIC = {"billing": "TEAM-BI", "integration": "TEAM-IN"}

CHANNELS = ("email", "web", "chat", "phone", "messaging", "app", "social")
CHANNEL_WEIGHTS = (37, 23, 15, 10, 8, 4, 3)
