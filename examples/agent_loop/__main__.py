"""python -m examples.agent_loop "Say what you want": the model has the eight tools, until it answers without calling one."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Any
from uuid import UUID

from chatworkspace import ChatWorkspaces
from chatworkspace_coder import CoderClient
from chatworkspace_local import LocalPlatform
from chatworkspace_sqlite import SQLiteStore

MOST_TURNS = 30
SYSTEM = "You have a workspace: make one with the tools when you need it, write files there and run them. Say briefly what came of it."


def asked(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the model's next message."""
    request = urllib.request.Request(  # noqa: S310 # whoever starts this names the endpoint
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
        data=json.dumps({"model": os.environ.get("OPENAI_MODEL", ""), "messages": messages, "tools": tools}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"},
    )
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 # as above
        message: dict[str, Any] = json.load(answer)["choices"][0]["message"]
    return message


def talk(workspaces: ChatWorkspaces, chat_id: str, wish: str) -> str:
    """Let the model work on a wish, and return what it says at the end."""
    # Whoever names this machine as the platform has said that commands may run on it.
    toolbox = workspaces.toolbox(chat_id, tools=["execute", "read_file", "write_file"], allow_unsandboxed=True)
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": wish}]
    for _ in range(MOST_TURNS):
        message = asked(messages, toolbox.specs("openai"))
        messages.append(message)
        if not message.get("tool_calls"):
            return message.get("content") or ""
        for call in message["tool_calls"]:
            print(f"- {call['function']['name']} {call['function']['arguments']}", file=sys.stderr)  # noqa: T201 # a program's
        messages += toolbox.answer(message)
    return f"The model has not come to an end in {MOST_TURNS} turns."


def begin(platform: CoderClient | LocalPlatform, owner_id: UUID, organization_id: UUID) -> None:
    """Talk in one chat, which keeps its workspace from one start of this program to the next."""
    with ChatWorkspaces(store=SQLiteStore("chats.db"), creator=platform, dialer=platform) as workspaces:
        workspaces.open_chat("agent-loop", owner_id=owner_id, organization_id=organization_id)
        print(talk(workspaces, "agent-loop", " ".join(sys.argv[1:])))  # noqa: T201 # as above


def main() -> None:
    """Use the platform that the environment names: this machine, or a server."""
    named = os.environ.get("CHATWORKSPACE_PLATFORM", "")
    if named.startswith("local:"):
        here = LocalPlatform(named.removeprefix("local:"))
        begin(here, here.owner_id, here.organization_id)
    else:
        coder = CoderClient(os.environ["CODER_URL"], token=os.environ["CODER_SESSION_TOKEN"])
        me = coder.user()
        begin(coder, me.id, me.organization_ids[0])


if __name__ == "__main__":
    main()
