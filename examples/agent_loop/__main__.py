"""python -m examples.agent_loop "Say what you want": the model has the eight tools, until it answers without calling one."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Any

from chatworkspace import ChatWorkspaces
from chatworkspace_coder import CoderClient
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
    toolbox = workspaces.toolbox(chat_id, tools=["execute", "read_file", "write_file"])
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


def main() -> None:
    """Talk in one chat, which keeps its workspace from one start of this program to the next."""
    coder = CoderClient(os.environ["CODER_URL"], token=os.environ["CODER_SESSION_TOKEN"])
    me, store = coder.user(), SQLiteStore("chats.db")
    with ChatWorkspaces(store=store, creator=coder, dialer=coder) as workspaces:
        workspaces.open_chat("agent-loop", owner_id=me.id, organization_id=me.organization_ids[0])
        print(talk(workspaces, "agent-loop", " ".join(sys.argv[1:])))  # noqa: T201 # as above


if __name__ == "__main__":
    main()
