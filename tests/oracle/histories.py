"""Random small histories as canonical rows: seeded, and as Hypothesis strategies."""

import random

from hypothesis import strategies as st

from deskmeter.canon.schema import TABLES
from oracle.call_histories import calls
from oracle.company_histories import company
from oracle.customer_histories import customers
from oracle.draw import Draw
from oracle.knowledge_histories import knowledge, preferences
from oracle.rows import History
from oracle.survey_histories import surveys
from oracle.ticket_histories import tickets


def random_history(rng: random.Random, source: str) -> History:
    """One source: people, schedules, one to four tickets and what else a desk knows.

    Every id and every name begins with the source, so that many histories fit into one desk.
    """
    draw = Draw(rng, source)
    history: History = {name: [] for name in TABLES}
    crew = company(draw, history)
    ticket_ids = tickets(draw, crew, history)
    calls(draw, crew, history, ticket_ids)
    surveys(draw, crew, history, ticket_ids)
    customers(draw, crew, history, ticket_ids)
    knowledge(draw, crew, history, ticket_ids)
    preferences(draw, crew, history, ticket_ids)
    for rows in history.values():
        rng.shuffle(rows)
    return history


def histories(source: str = "h") -> st.SearchStrategy[History]:
    """Histories by Hypothesis; its random numbers shrink towards small ones."""
    return st.randoms(use_true_random=False).map(lambda rng: random_history(rng, source))
