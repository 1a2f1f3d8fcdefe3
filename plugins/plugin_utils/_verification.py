# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The verdict on each step of "How do you know this worked", from what the role's tasks returned. Decides, and asks nobody."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _delivery_causes as causes
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._verification_record import (
    Json,
    Record,
    Step,
    event_evidence,
    not_searched,
    problem,
)

_ASK = "Run again with the mailbox given; ansible-doc -t role exchange.hybrid_groups.verify has the options."
_NOT_RUN = "Not tried: the run broke off before, or was in check mode."
_LOOK_AT_ONLINE = (
    "In the Exchange admin center, trace the message (Get-MessageTraceV2), and check that the outbound connector made by the "
    "Hybrid Configuration Wizard is on and reaches the on-premises servers."
)


def records(results: Json) -> list[dict[str, t.Any]]:
    """The records of both tests, in the procedure's order.

    :param results: ``settings`` (domain, group, on_premises_mailbox, cloud_mailbox, moved_mailbox), and what the tasks returned,
        by the names of the role's results; a task that did not run is missing
    """
    found = [*_conditions(results), *_on_premises_test(results)]
    found += _moved_test(results, _passed(found, "on_premises_1"))
    found += _restored(results)
    return [record.to_result() for record in found]


def _of(results: Json, name: str) -> Json:
    """What a task returned; {} when it did not run."""
    return t.cast("Json", results.get(name) or {})


def _passed(found: t.Iterable[Record], step_id: str) -> bool:
    return any(record.step.id == step_id and record.verdict == "passed" for record in found)


def _conditions(results: Json) -> list[Record]:
    """What both tests rest on: the group is in the directory, and mail flow is of a kind that groups support."""
    in_directory = Step("directory", "The group has been written back to the directory", "to_directory")
    centralized = Step("centralized_mail_flow", "Mail flow is not centralized", "to_group")
    flow = _of(results, "mail_flow")
    if why := problem(flow):
        return [step.unknown(f"It could not be read: {why}.") for step in (in_directory, centralized)]
    return [_written_back(in_directory, flow, results), _not_centralized(centralized, flow)]


def _written_back(step: Step, flow: Json, results: Json) -> Record:
    group = flow.get("group")
    if group:
        stamped = "" if group["stamped"] else " It is not in the address lists yet: Update-Recipient has not been run on it."
        return step.passed(f"The directory has it as {group['name']}.{stamped}", **group)
    synchronization = _of(results, "synchronization")
    if problems := synchronization.get("problems"):
        return step.failed(f"It is not in the directory. {problems[0]}", "See the explanation.", problems=problems)
    if error := _export_error(synchronization, results):
        return step.failed(
            f"It is not in the directory. The last export of Entra Connect could not write it: {error['type']}, "
            f"{error['message']}",
            "Grant the connector account its permissions on the writeback OU: run the role configure (step group_writeback).",
            **error,
        )
    return step.failed(
        "It is not in the directory. Groups are written back by the synchronization, every thirty minutes.",
        "Start a synchronization (Start-ADSyncSyncCycle) and look again. If it stays away, run the playbook known_issues.",
    )


def _export_error(synchronization: Json, results: Json) -> Json | None:
    """What the last export said about the group, or about others where it does not tell."""
    connectors = synchronization.get("connectors", [])
    errors: list[Json] = [error for connector in connectors for error in connector.get("export_errors") or []]
    if not errors:
        # The server may tell the number of failures alone.
        errors = [
            {"dn": "", "type": run["result"], "message": f"{run['failures']} objects failed."}
            for connector in connectors
            for run in connector.get("runs") or []
            if run["profile"] == "Export" and run["failures"]
        ]
    members = [_of(results, name) for name in ("member_on_premises", "member_cloud", "member_moved")]
    ids = [member["group"]["id"] for member in members if "group" in member]
    mine = [error for error in errors if any(group_id in error["dn"] for group_id in ids)]
    return next(iter(mine or errors), None)


def _not_centralized(step: Step, flow: Json) -> Record:
    if not flow["centralized_mail_flow"]:
        return step.passed("The hybrid configuration has no centralized transport.", centralized_mail_flow=False)
    return step.failed(
        "Centralized mail flow is on, which Microsoft does not support with groups: mail of external senders comes on-premises "
        "first and is refused there, because the written-back group takes mail of authenticated senders only.",
        "Switch centralized mail transport off in the Hybrid Configuration Wizard.",
        centralized_mail_flow=True,
    )


def _on_premises_test(results: Json) -> list[Record]:
    """Steps 1 to 8 of "Test using an on-premises mailbox"."""
    found = [
        _member(Step("on_premises_1", "Add an on-premises mailbox to the group", "group"), _of(results, "member_on_premises")),
        _member(Step("on_premises_2", "Add an Office 365 mailbox to the group", "group"), _of(results, "member_cloud")),
        _logon(Step("on_premises_3", "Log in to the Office 365 mailbox"), _of(results, "cloud_mailbox")),
    ]
    post = _post(Step("on_premises_4", "Post a message to the group", "group"), _of(results, "post"), _of(results, "post_seen"))
    mailbox = _on_premises_mailbox(results)
    arrival = Step("on_premises_6", "The on-premises mailbox has received the post", "to_members")
    member = found[0]
    blocked = next((record for record in (member, post) if record.verdict != "passed"), None)
    arrived = arrival.not_tried(blocked) if blocked else _arrival(arrival, _of(results, "arrival"), results)
    departure = Step("on_premises_7", "Reply to the message and send it to the group", "to_tenant")
    left = departure.not_tried(mailbox) if mailbox.verdict == "failed" else _departure(departure, results)
    seen = Step("on_premises_8", "All members of the group can view the reply", "to_group")
    return [
        *found,
        post,
        mailbox,
        arrived,
        left,
        _reply_seen(seen, results) if left.verdict == "passed" else seen.not_tried(left),
    ]


def _member(step: Step, result: Json) -> Record:
    if not result:
        return step.unknown(_NOT_RUN)
    if why := problem(result):
        return step.failed(f"The mailbox could not be made a member: {why}", "See the explanation.")
    how = "It was a member already." if result["was_member"] else "It was added."
    return step.passed(how, group=result["group"]["mail"], member=result["user"]["mail"])


def _logon(step: Step, result: Json) -> Record:
    if not result:
        return step.unknown(_NOT_RUN)
    if why := problem(result):
        return step.failed(f"Exchange Online did not give access to the mailbox: {why}", "See the explanation.")
    if not result["is_online"]:
        return step.failed(
            "Exchange Online has no such mailbox: it is on-premises, or has no licence yet.",
            "Give a mailbox that is in Microsoft 365.",
        )
    return step.passed("Exchange Online answers for the mailbox. Whether a person can log in has not been tried.")


def _post(step: Step, sent: Json, seen: Json) -> Record:
    if not sent:
        return step.unknown(_NOT_RUN)
    if why := problem(sent):
        return step.failed(f"The post could not be sent: {why}", "See the explanation.")
    evidence = {"message_id": sent["message_id"], "sent": sent["sent"], "sender": sent["sender"]}
    if why := problem(seen):
        return step.unknown(f"The post was sent, and the group's conversations could not be read: {why}", **evidence)
    if not seen["posts"]:
        return step.failed(
            "The mail to the group was accepted, and does not show in the group's conversations.",
            "Look for a report of non-delivery in the sender's inbox, and whether the group takes mail from this sender. A new "
            "group needs some minutes.",
            **evidence,
        )
    return step.passed("The post is in the group's conversations.", **evidence, thread=seen["posts"][0]["thread_id"])


def _on_premises_mailbox(results: Json) -> Record:
    step = Step("on_premises_5", "Open the on-premises mailbox")
    name = results["settings"]["on_premises_mailbox"]
    flow = _of(results, "mail_flow")
    if why := problem(flow):
        return step.unknown(f"The mailbox could not be looked for: {why}.")
    mailbox = flow["mailboxes"].get(name)
    if mailbox is None:
        return step.failed(f"The Exchange organization has no mailbox {name}.", "Give a mailbox that is on-premises.")
    if mailbox["is_remote"]:
        return step.failed(f"{name} is a mailbox in Microsoft 365.", "Give a mailbox that is on-premises.", **mailbox)
    return step.passed("The mailbox is on-premises. What Outlook shows in it has not been looked at.", **mailbox)


def _arrival(step: Step, trace: Json, results: Json) -> Record:
    """Proven by DELIVER in the tracking log of the mailbox's server."""
    if why := problem(trace):
        return step.unknown(f"The tracking logs could not be searched: {why}.")
    if trace["found"]:
        event = trace["found"][0]
        return step.passed(f"{event['server']} has delivered it.", **event_evidence(event))
    flow, domain = _flow(results), results["settings"]["domain"]
    if trace["failures"]:
        event = trace["failures"][0]
        return step.because(causes.cause_of_failure(event["response"], flow, domain), **event_evidence(event))
    if trace["queued"]:
        return _waits(step, trace["queued"][0])
    return _not_seen(step, trace, "Exchange Online has not handed the member's copy to an on-premises server.", _LOOK_AT_ONLINE)


def _waits(step: Step, queued: Json) -> Record:
    return step.failed(
        f"It waits in the queue {queued['queue']}: {queued['last_error'] or queued['status']}.",
        "See the queue's error (Get-Queue); Exchange tries again by itself for two days.",
        **queued,
    )


def _not_seen(step: Step, trace: Json, explanation: str, remedy: str) -> Record:
    """Nothing was found in time. That proves something only if all logs have been searched."""
    evidence = {"searched": [server["name"] for server in trace["servers"] if server["searched"]], "waited": trace["waited"]}
    if missing := not_searched(trace):
        return step.unknown(
            "It was not found, and not all tracking logs could be searched. " + " ".join(missing),
            "Start the service Microsoft Exchange Transport Log Search on these servers, and turn message tracking on.",
            not_searched=missing,
            **evidence,
        )
    return step.failed(explanation, remedy, **evidence)


def _departure(step: Step, results: Json) -> Record:
    """Proven by SENDEXTERNAL (or SEND in older builds) by the hybrid connector, taken by Microsoft 365."""
    reply, trace = _of(results, "reply"), _of(results, "departure")
    if not reply:
        return step.unknown(_NOT_RUN)
    if why := problem(reply):
        return step.failed(f"The reply could not be sent: {why}", "See the explanation.", place="on_premises")
    if why := problem(trace):
        return step.unknown(f"The reply was sent, and the tracking logs could not be searched: {why}.")
    flow, domain = _flow(results), results["settings"]["domain"]
    sent = {"message_id": reply["message_id"]}
    if trace["failures"]:
        event = trace["failures"][0]
        cause = causes.cause_of_failure(event["response"], flow, domain, host=event["remote_host"])
        return step.because(cause, **event_evidence(event))
    if trace["found"]:
        return _left(step, trace["found"][0], flow, domain)
    if trace["looped"]:
        report = trace["reports"][0] if trace["reports"] else trace["events"][-1]
        return step.because(causes.loop(flow, domain), **sent, reported=report["time"], server=report["server"])
    if trace["queued"]:
        queued = trace["queued"][0]
        return step.because(causes.cause_of_queue(queued, flow, domain), **queued)
    if trace["reports"]:
        report = trace["reports"][0]
        explanation = "A report of non-delivery came back, and its reason is on a server whose log could not be searched."
        return step.failed(explanation, "Read the report in the mailbox.", **event_evidence(report))
    return _not_seen(
        step, trace, "The mail server took the reply, and no transport server has it in its log.", "Look into Get-Queue."
    )


def _left(step: Step, event: Json, flow: Json, domain: str) -> Record:
    hybrid = (flow.get("hybrid_connector") or {}).get("name")
    evidence = event_evidence(event)
    if hybrid is None:
        return step.unknown(
            f"The reply left by {event['connector']}; which connector is the hybrid one is not known.", "", **evidence
        )
    if str(event["connector"]).casefold() != str(hybrid).casefold():
        return step.because(causes.wrong_connector(event["connector"], flow, domain), **evidence)
    return step.passed(f"{event['server']} has sent it by {event['connector']}, and {event['remote_host']} took it.", **evidence)


def _reply_seen(step: Step, results: Json) -> Record:
    """Proven by the post in the group's conversations; the header tells whether it came as an authenticated sender's."""
    seen, copy = _of(results, "reply_seen"), _of(results, "reply_copy")
    if why := problem(seen):
        return step.unknown(f"The group's conversations could not be read: {why}.")
    if not seen["posts"]:
        return step.failed(
            "Microsoft 365 took the reply, and it does not show in the group's conversations.",
            "Look for a report of non-delivery in the on-premises mailbox, and trace the message in the Exchange admin center.",
        )
    messages = [] if problem(copy) else copy["messages"]
    auth_as = next((message["auth_as"] for message in messages if message["auth_as"]), None)
    evidence = {"thread": seen["posts"][0]["thread_id"], "received": seen["posts"][0]["received"], "auth_as": auth_as}
    if auth_as and auth_as.lower() != "internal":
        cause = causes.cause_of_failure("550 5.7.133", _flow(results), results["settings"]["domain"])
        return step.because(cause, **evidence)
    crossed = (
        "The sender was taken for one of the organization's." if auth_as else "How the sender was authenticated is not known."
    )
    return step.passed(f"The reply is in the group's conversations. {crossed}", **evidence, copies=len(messages))


def _moved_test(results: Json, on_premises_member: bool) -> list[Record]:
    """Steps 1 to 6 of "Test using a mailbox moved to Office 365".

    :param on_premises_member: the on-premises mailbox is a member too, and gets a copy
    """
    first = Step("moved_1", "Move a mailbox to Office 365")
    second = Step("moved_2", "Add the mailbox to the group", "group")
    third = Step("moved_3", "Log in to the moved mailbox")
    fourth = Step("moved_4", "The group is listed in the left navigation bar")
    fifth = Step("moved_5", "Post a message to the group", "group")
    sixth = Step("moved_6", "All members of the group can view the message", "to_members")
    steps = (first, second, third, fourth, fifth, sixth)
    name = results["settings"].get("moved_mailbox")
    if not name:
        return [step.unknown("No moved mailbox was given.", _ASK) for step in steps]
    moved = _moved(first, name, results)
    logon = _logon(third, _of(results, "moved_mailbox"))
    post = _post(fifth, _of(results, "moved_post"), _of(results, "moved_post_seen"))
    arrived = sixth.not_tried(post)
    if post.verdict == "passed":
        arrived = sixth.passed("The post is in the group's conversations, which all its members can view.", **post.evidence)
        if on_premises_member:
            arrived = _arrival(sixth, _of(results, "moved_arrival"), results)
    return [moved, _member(second, _of(results, "member_moved")), logon, _listed(fourth, results), post, arrived]


def _moved(step: Step, name: str, results: Json) -> Record:
    flow = _of(results, "mail_flow")
    if why := problem(flow):
        return step.unknown(f"The mailbox could not be looked for: {why}.")
    mailbox = flow["mailboxes"].get(name)
    if mailbox is None or not mailbox["is_remote"]:
        where = "not known on-premises" if mailbox is None else "still on-premises"
        return step.failed(
            f"{name} is {where}, so it is no moved mailbox.", "Give a mailbox that has been moved to Microsoft 365."
        )
    if "migrated" not in str(mailbox["remote_recipient_type"]).lower():
        return step.failed(
            f"{name} was made in Microsoft 365 and not moved there.",
            "Give a mailbox that has been moved to Microsoft 365.",
            **mailbox,
        )
    return step.passed("The mailbox has been moved.", **mailbox)


def _listed(step: Step, results: Json) -> Record:
    """No interface tells what Outlook lists; the membership as the tenant shows it is the nearest."""
    logon = _of(results, "moved_mailbox")
    groups = [] if problem(logon) else logon["groups"]
    return step.person(
        "Only a person can see this: open Outlook on the web as the user and look for the group on the left. If it is missing, "
        "remove the mailbox from the group and add it again.",
        member_of=groups,
    )


def _restored(results: Json) -> list[Record]:
    step = Step("restored", "Membership is as it was before")
    restored = results.get("restored")
    if not restored:
        return []
    if problems := [why for result in restored if (why := problem(result))]:
        return [step.failed(f"A member that was added for the test could not be removed: {problems[0]}", "Remove it by hand.")]
    removed = [result["user"]["mail"] for result in restored if result["changed"]]
    return [step.passed("Members that were added for the test have been removed.", removed=removed)]


def _flow(results: Json) -> Json:
    flow = _of(results, "mail_flow")
    return {} if problem(flow) else flow
