"""A desk whose files, of every format, name a customer and an agent in every way; and a search for what is left."""

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.service import Desk

ID, NAME, MAIL = "cust-0017", "Cleo Hartwell", "Cleo.Hartwell@Example.com"
AGENT, AGENT_NAME, AGENT_MAIL = "agt-0042", "Ana Quillfeather", "ana.q@desk.example"
SUBJECT = "the blue kettle burst over my cat"
PROSE = "it went off like a geyser on Tuesday"
OPINION = "nobody told me about the kettle recall"

TICKETS = f"""Ticket;Opened;First answer;Solved;Status;Team;Agent;Channel;Topic;Customer;Subject;Body;Reviewer
1001;2026-03-02 09:12;2026-03-02 10:02;2026-03-03 16:40;Done;Billing;{AGENT};email;invoice;{ID};{SUBJECT};"{PROSE}
signed {NAME} <{MAIL.lower()}>";{ID}
1002;2026-03-02 09:30;2026-03-02 11:02;;Open;Field;agt-0007;email;repair;cust-0018;please ask {NAME};short;
1003;2026-03-04 09:30;2026-03-04 11:02;2026-03-05 10:00;Done;Field;{AGENT};phone;repair;cust-0019;other;;
1004;2026-13-44 09:30;;;Open;Field;{AGENT};phone;repair;{ID};"{NAME} rang";;
"""
TICKETS_MAP = f"""
# {NAME} wrote this mapping, mail {MAIL}
source: helpdesk
times: iso
tables:
  ticket:
    columns:
      ticket: Ticket
      created_at: Opened
      first_reply_at: First answer
      resolved_at: Solved
      status: Status
      team: Team
      assignee: Agent
      channel: Channel
      reason: Topic
      requester: Customer
      subject: Subject
    fields: {{reviewer: Reviewer}}
stages: {{Done: solved, Open: open}}
roles:
  staff: [{AGENT}, "agt-0007"]
  staff_columns: assignee
"""
EVENTS = f"""id,ticket,at,kind,who,what
e1,1002,2026-03-03 10:00,assign,{AGENT},{AGENT}
e2,1002,2026-03-03 11:00,message,{AGENT},
e3,1002,2026-03-03 12:00,message,{ID},
e4,1002,2026-03-03 13:00,assign,agt-0007,{AGENT}
e5,1002,2026-03-03 14:00,field,agt-0007,seen by {NAME}
"""
EVENTS_MAP = """
source: helpdesk
times: iso
tables:
  event:
    columns:
      id: id
      ticket: ticket
      at: at
      kind: kind
      actor: who
      to_value: what
      field: {column: kind, values: {field: watcher}, others: "null"}
      direction: {column: kind, values: {message: in}, others: "null"}
"""
PEOPLE_MAP = """
source: helpdesk
tables:
  person:
    columns: {id: id, name: name, email: email, language: language, role: role}
"""
TALKS_MAP = """
source: helpdesk
times: iso
tables:
  conversation:
    columns: {ticket: id, created_at: made, requester: by.id, subject: title, status: state}
    messages:
      column: talk
      columns: {at: at, actor: from, direction: way}
stages: {open: open}
"""
SURVEY_MAP = """
source: helpdesk
times: iso
tables:
  survey_sent:
    columns: {id: {column: no, prefix: s}, kind: {constant: csat}, sent_at: sent, person: who, agent: agent}
  survey_answer:
    columns: {survey: {column: no, prefix: s}, at: answered, agent: agent}
    questions:
      - {id: q, kind: csat, score: score, words: said, scale: {low: 1, high: 5}}
"""
HASHED_MAP = """
source: shop
times: iso
tables:
  order:
    columns: {id: no, person: {column: buyer, hashed: true}, paid_at: paid, amount: sum, currency: {constant: EUR}}
"""


def make_desk(folder: Path) -> Path:
    """The desk, with every file imported and built; the files lie beside it."""
    folder.mkdir()
    write_config(folder, DeskConfig(name="Tiny", as_of=datetime(2026, 4, 1, tzinfo=UTC)))
    home = files(folder.parent / "files")
    (folder / "mappings").mkdir()
    (folder / "targets.yml").write_text(f"targets: []\n# for {AGENT_NAME}\n", encoding="utf-8")
    with Desk.open(folder) as desk:
        for name, mapping in home.items():
            path = folder / "mappings" / f"{name.partition('.')[0]}.yml"
            path.write_text(mapping, encoding="utf-8")
            desk.import_file(folder.parent / "files" / name, path)
        desk.build()
    return folder


def files(home: Path) -> dict[str, str]:
    """Every file of the desk, written to `home`; mapping by name."""
    home.mkdir(exist_ok=True)
    (home / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    # the same tickets a week later: one changed, one new; no revision tells which counts
    later = TICKETS.replace("repair;cust-0019", "return;cust-0019").replace(f"invoice;{ID}", f"money;{ID}")
    (home / "later.csv").write_text(later, encoding="utf-16")
    (home / "events.csv.gz").write_bytes(gzip.compress(EVENTS.encode()))
    people = {
        "id": [ID, AGENT, "cust-0018"], "name": [NAME, AGENT_NAME, "Dov"], "email": [MAIL, AGENT_MAIL, "d@x.example"],
        "language": ["fr", "en", "de"], "role": ["customer", "staff", "customer"],
    }  # fmt: skip
    pq.write_table(pa.table(people), home / "people.parquet")
    talks = [
        {"id": 2001, "made": "2026-03-06 09:00", "by": {"id": ID, "name": NAME}, "title": "kettle again, still wet",
         "state": "open", "talk": [
            {"at": "2026-03-06 09:00", "from": ID, "way": "in", "body": PROSE + f" {NAME}"},
            {"at": "2026-03-06 10:00", "from": AGENT, "way": "out", "body": f"Dear {NAME}, I am {AGENT_NAME} and sorry"},
        ]},
        {"id": 2002, "made": "2026-03-07 09:00", "by": {"id": "cust-0018"}, "title": "x", "state": "open", "talk": []},
    ]  # fmt: skip
    (home / "talks.jsonl").write_text("".join(json.dumps(one) + "\n" for one in talks), encoding="utf-8")
    (home / "more.json").write_text(
        json.dumps({"data": [{**talks[0], "id": 3001}, {**talks[1], "id": 3002}]}, indent=1)
    )
    book = xlsxwriter.Workbook(str(home / "survey.xlsx"))
    book.set_properties({"author": AGENT_NAME})
    sheet = book.add_worksheet("answers")
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for place, name in enumerate(("no", "sent", "answered", "who", "agent", "score", "said")):
        sheet.write(0, place, name)
    for row, (who, score, said) in enumerate(((ID, 2, OPINION), ("cust-0018", 5, "fine"), ("cust-0019", 4, "")), 1):
        sheet.write_row(row, 0, [row])
        sheet.write_datetime(row, 1, datetime(2026, 3, 8, 9, row), day)
        sheet.write_datetime(row, 2, datetime(2026, 3, 8, 10, row), day)
        sheet.write_row(row, 3, [who, AGENT, score, said])
    book.close()
    orders = (
        f"no,buyer,paid,sum\no1,{MAIL},2026-03-01,10.50\no2,{MAIL.lower()},2026-03-02,7\no3,x@y.example,2026-03-02,1\n"
    )
    (home / "orders.csv").write_bytes(orders.encode("utf-8-sig"))
    return {
        "people.parquet": PEOPLE_MAP, "tickets.csv": TICKETS_MAP, "later.csv": TICKETS_MAP, "events.csv.gz": EVENTS_MAP,
        "talks.jsonl": TALKS_MAP, "more.json": TALKS_MAP, "survey.xlsx": SURVEY_MAP, "orders.csv": HASHED_MAP,
    }  # fmt: skip


def found_below(folder: Path, *texts: str) -> list[str]:
    """`file: text` for every text that is left in a file below `folder`, also packed, in any case and encoding."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for content in unpacked(path.read_bytes()):
                lowered = content.lower()
                for text in texts:
                    forms = {text.lower().encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be", "latin-1")}
                    forms.add(json.dumps(text.lower())[1:-1].encode())
                    if any(form in lowered for form in forms):
                        found.append(f"{path.relative_to(folder)}: {text}")
    return found


def unpacked(content: bytes) -> list[bytes]:
    """The bytes of a file, and what is packed in them."""
    if content[:2] == b"\x1f\x8b":
        return [content, *unpacked(gzip.decompress(content))]
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [content, *(part for name in archive.namelist() for part in unpacked(archive.read(name)))]
    if content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(content))
        return [content, str(table.schema.metadata).encode(), json.dumps(table.to_pylist(), default=str).encode()]
    if content[:4] == b"\xff\xff\xff\xff":  # arrow streams one after the other, packed inside
        parts = [content]
        source = pa.BufferReader(pa.py_buffer(content))
        while source.tell() < len(content):
            with pa.ipc.open_stream(source) as reader:
                parts.append(json.dumps(reader.read_all().to_pylist(), default=str).encode())
        return parts
    return [content]
