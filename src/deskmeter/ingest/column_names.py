"""The names that helpdesks and shops give to one and the same column."""

_NAMES = {
    "ticket": (
        "ticket id | ticket number | ticket | number | incident number | incident id | incident | case number "
        "| case id | case | issue key | issue id | issue | conversation id | request id | ticket key | chat "
        "id | key"
    ),
    "created_at": (
        "created at | opened at | created | created date | create date | created time | creation date | "
        "opened | open date | date created | creation time | reported at | submitted at | sys created at | "
        "sys created on | start time | createdat | date opened"
    ),
    "updated_at": (
        "sys updated at | sys updated on | updated at | updated | last updated | modified at | last modified "
        "| updated date | changed at | change time | updated time | last update"
    ),
    "at": (
        "at | timestamp | event time | occurred at | time | date | datetime | event date | created at | "
        "created | updated | updated at | policy applied at | applied at | sent at | answered at | submitted "
        "at | response date"
    ),
    "first_reply_at": (
        "first response time | first reply time | first reply at | first response at | first responded at | "
        "first response | first replied at | first agent reply | statistics first admin reply at"
    ),
    "resolved_at": (
        "resolved at | solved at | resolved | resolution date | resolution time | time to resolution | solved "
        "| resolved date | date resolved | resolutiondate | resolved time | first resolved at | last resolved "
        "at"
    ),
    "closed_at": "closed at | closed | closed date | date closed | close date | closed time | completed at",
    "status": (
        "status | state | incident state | ticket status | case status | issue status | ticket state | current status"
    ),
    "team": (
        "assignment group | group id | group | team | team id | assigned team | queue | department | team "
        "assignee id | group name | team name"
    ),
    "assignee": (
        "assigned to | assignee id | assignee | agent | agent id | agent name | owner | owner id | responder "
        "id | admin assignee id | assigned agent | case owner"
    ),
    "requester": (
        "requester id | requester | caller id | caller | customer id | customer | contact id | reporter | "
        "customer email | requester email | user id | contact | email"
    ),
    "opened_by": "opened by | submitter id | submitter | created by | sys created by | creator | creator id",
    "actor": (
        "sys updated by | updated by | actor id | actor | author id | author | user id | changed by | agent "
        "id | updater id"
    ),
    "priority": "priority | ticket priority | case priority | severity",
    "channel": (
        "channel | contact type | via channel | ticket channel | source | origin | case origin | contact "
        "channel | source type | via"
    ),
    "type": "type | ticket type | issue type | issuetype | case type | request type",
    "reason": "category | reason | topic | contact reason | case reason | issue category",
    "reason_2": "subcategory | sub category | subtopic | sub reason",
    "product": "product | product purchased | product name | component",
    "subject": "subject | ticket subject | title | summary | short description | case subject",
    "body": (
        "body | comment | message | text | description | content | comment body | ticket description | plain "
        "body | html body | original message"
    ),
    "public": "public | is public | visibility | private | is private",
    "direction": "direction | incoming | inbound",
    "tags": "tags | labels | tag list",
    "tag": "tag | label",
    "account": (
        "organization id | organisation id | account id | account | company id | company | org id | "
        "organization | account name | company name"
    ),
    "score": (
        "customer satisfaction rating | satisfaction rating | satisfaction score | csat | csat score | rating "
        "| nps | nps score | score | satisfaction | ces | customer satisfaction"
    ),
    "field": "field name | field | attribute | changed field",
    "value": "value | new value | to | to value | new string | tostring",
    "old_value": "old value | from value | from | previous value | from string | fromstring",
    "event": "event | event type | action | activity | event name | kind",
    "schedule": "schedule id | schedule",
    "policy": "sla policy id | policy id | sla policy | policy",
    "name": ("name | full name | display name | customer name | user name | username | agent name | contact name"),
    "email": "email | email address | mail | customer email | e mail | contact email | user email",
    "role": "role | user role | type | user type",
    "language": "language | locale | language code | lang",
    "country": "country | country code | billing country",
    "segment": "segment | tier | customer segment | account segment | industry",
    "churn": ("churn | churned | has churned | is churned | exited | attrition | cancelled | churn flag | left"),
    "tenure": "tenure | tenure months | months | tenure in months | account age | months active",
    "plan": ("contract | plan | subscription | subscription type | plan name | tariff | package | product plan"),
    "mrr": (
        "monthly charges | mrr | monthly revenue | monthly fee | monthly price | monthly charge | monthly "
        "amount | monthly recurring revenue"
    ),
    "total": "total charges | total revenue | total spent | lifetime spend | total paid",
    "joined_at": (
        "joined at | signup date | sign up date | start date | customer since | joined | signed up at | "
        "activation date | subscription start date | join date | created at"
    ),
    "left_at": (
        "left at | churn date | churned at | end date | cancelled at | canceled at | cancellation date | "
        "subscription end date"
    ),
    "leave_reason": "churn reason | reason | cancellation reason | leave reason | reason for leaving",
    "currency": "currency | currency code",
    "order": ("order id | order number | invoice id | invoice number | order | transaction id | payment id"),
    "paid_at": (
        "paid at | order date | paid | payment date | purchased at | purchase date | invoice date | date of "
        "purchase | created at | processed at"
    ),
    "amount": (
        "amount | total | order total | total price | price | revenue | order amount | grand total | amount paid"
    ),
    "cost": "cost | cost of goods | cogs | total cost",
    "order_kind": "order type | order kind | sale type | kind | type",
    "call": "call id | call sid | call uuid | call | interaction id",
    "ringing_at": (
        "ringing at | call start | start time | started at | call time | offered at | call date | date time | "
        "queued at | created at | timestamp"
    ),
    "answered_at": "answered at | answer time | answered | connected at | pickup time",
    "ended_at": "ended at | end time | call end | hangup time | completed at | finished at",
    "talk_s": (
        "talk time | talk s | talk seconds | talk duration | talk time seconds | handle time | call duration "
        "| duration | talk time in sec | avg talk duration"
    ),
    "queue_s": (
        "wait time | queue time | queue s | wait seconds | speed of answer in seconds | speed of answer | "
        "time in queue | queue seconds | wait duration | ring time"
    ),
    "hold_s": "hold time | hold s | hold seconds | on hold | hold duration",
    "wrap_s": "wrap time | wrap up time | after call work | acw | wrap s | wrap seconds | wrapup time",
    "outcome": ("outcome | call outcome | disposition | call status | result | abandoned | answered y n | answered"),
    "call_direction": "direction | call direction | call type | inbound outbound",
    "transferred": "transferred | is transferred | call transferred | transfer",
    "article": "article id | item id | kb id | kb item id | document id | article | kb article",
    "category": "category | section | section id | category name | service category | topic",
    "session": "session id | session | visit id | visitor id",
    "query": "query | search | search term | search query | words | keywords",
    "helpful": "helpful | is helpful | vote | was helpful",
    "site": "site | platform | review site | website",
    "stars": "stars | star rating | review rating | rating",
    "words": (
        "comment | feedback | why | reason | comments | free text | review | text | verbatim | satisfaction "
        "comment | words | score reason"
    ),
    "survey": "survey id | survey | response id | survey response id | answer id",
    "metric": "metric | sla metric | target type",
    "target": "target | target minutes | target in minutes | goal",
    "business_hours": "business hours | is business hours | operational hours",
    "zone": "time zone | timezone | tz",
    "messages": (
        "messages | conversation parts | conversation parts conversation parts | comments | replies | thread | entries"
    ),
}

NAMES: dict[str, tuple[str, ...]] = {role: tuple(names.split(" | ")) for role, names in _NAMES.items()}
"""What a column may be -> plain names that it goes by, the surest first."""
