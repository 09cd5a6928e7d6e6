"""What salespeople write down after calls, meetings and e-mails.

The groups are kept apart by their words, because the planted truth rests on them: every PRICING note has a lower-case
word of a pricing talk (price, pricing, quote, proposal) and no objection; every OBJECTION says "no budget" or "too
expensive" and has no pricing word; the other groups have neither. A test holds the groups to that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A subject and a body, with `{first}`, `{company}`, `{product}`, `{seats}` and `{amount}` to fill in."""

    subject: str
    body: str


PRICING_CALLS = (
    Note(
        "Call: {product} for {seats} users",
        "{first} asked for the volume price. Walked through the tiers, will decide.",
    ),
    Note(
        "Call back {company}",
        "Talked pricing for {seats} seats.\nThey compare with two others; {first} wants it in writing by Friday.",
    ),
    Note("Follow-up call", 'Went over the quote line by line. {first}: "looks fair, I need my director to sign".'),
    Note(
        "Discovery call, second part",
        "Need is clear. Gave an indicative price of {amount} a year, no surprise on their side.",
    ),
    Note("Call", "they liked the proposal, open point is only the start date"),
    Note(
        "Rückruf {company}",
        "{first} hat alle Unterlagen; sent the quote again as PDF, Entscheidung bis Monatsende.",
    ),
)
PRICING_MEETINGS = (
    Note(
        "On-site workshop {company}",
        "Attendees: {first}, their finance lead, us.\n- current tool ends in two quarters\n"
        "- showed pricing for {product}\n- next: legal review of the terms",
    ),
    Note(
        "Commercial meeting", "Presented the proposal ({amount}). {first} will take it to the board, asks for net 60."
    ),
    Note(
        "Demo and commercials", "Demo went well; after that we discussed price per seat, {seats} seats, two-year term."
    ),
)
PRICING_EMAILS = (
    Note(
        "Email: Re: {product}", "Hi,\n\nthanks for the demo. Could you send a quote for {seats} users?\n\nBest\n{first}"
    ),
    Note(
        "Email: your offer", "{first} writes: the pricing works for us, can we start with a pilot team, then roll out?"
    ),
    Note("Email: proposal for {company}", "Sent the proposal, {amount} a year, valid for 30 days."),
)
OBJECTIONS = (
    Note("Call", "{first} called: after their internal review it is too expensive for this year."),
    Note("Email: Re: next steps", "Sorry, there is no budget for this before the next fiscal year.\n{first}"),
    Note("Call: status", "Not moving. Director says too expensive, they stay with what they have."),
)
NEUTRAL_CALLS = (
    Note("Call", "Left a voicemail, will try again on Thursday."),
    Note(
        "Call: introduction",
        "First talk with {first}. Interested in {product}, asked how other firms of their size use it.",
    ),
    Note(
        "Call", "Wrong extension; reception of {company} put me through to {first}, who had two minutes. Send brochure."
    ),
    Note("Call: needs", "Main pain: three tools, manual hand-over, month-end takes days. {first} decides with IT."),
    Note("Call", "No answer."),
    Note("Anruf", "Kurz gesprochen, {first} ist bis Ende des Monats im Urlaub. Danach Termin für eine Vorführung."),
)
NEUTRAL_EMAILS = (
    Note("Email: Introduction", "Introduced ourselves, attached the case study for their industry."),
    Note(
        "Email: Re: Demo",
        "Dear team,\n\nTuesday at ten suits us. There will be four of us, “remote and on site”.\n\n{first}",
    ),
    Note("Email: security questionnaire", "Filled in questionnaire returned to {company}, 42 questions, two open."),
)
NEUTRAL_MEETINGS = (
    Note("Demo {product}", "Showed import, roles, reports. {first} wants a trial account for the team."),
    Note(
        "Introduction meeting",
        "Introduction of both sides, history of {company}, their plans for next year, org chart.",
    ),
    Note(
        "Workshop: requirements",
        'Requirements collected; biggest one is "single sign-on, day one".\nNotes in the shared folder.',
    ),
)
PLANNED_MEETINGS = (
    Note("Demo for {company}", "Agenda: import, roles, reports, questions."),
    Note("Meeting with {first}", "Get to know the decision makers."),
)
PLANNED_TASKS = (
    Note("Call {first} back", ""),
    Note("Send case study", "The one about month-end."),
)
WEB_MESSAGES = (
    "Message from the web form: we look for something that replaces our spreadsheets. Please call after 2 pm.",
    "Met at the fair, wants to see it with their own data.",
    "Downloaded the guide “Month-end in a day”.\nPhone number is the switchboard.",
    "Nachricht: Bitte um Rückmeldung, wir planen für das nächste Jahr.",
)
CUSTOMER_NOTES = (
    Note("Quarterly review", "Usage is up, two new teams to be onboarded. {first} happy to be a reference."),
    Note("Call: support case", "Explained the workaround, fix comes with the next release."),
)
UNQUALIFIED_NOTES = (
    Note("Call", "Student writing a thesis, no project."),
    Note("Call", "Too small for us: two people, no plans to grow."),
    Note("Email: Re: your message", "Please remove me from your list."),
    Note("Call", "Left the company; successor not known yet."),
)
