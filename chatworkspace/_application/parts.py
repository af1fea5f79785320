"""What belongs to one process: everything that runs, put together."""

from __future__ import annotations

from chatworkspace._application.answers import Answers
from chatworkspace._application.asking import Asking
from chatworkspace._application.builds import Builds
from chatworkspace._application.calls import Calls
from chatworkspace._application.claims import Claims
from chatworkspace._application.connecting import Connector
from chatworkspace._application.deleting import Deletions
from chatworkspace._application.elsewhere import Elsewhere
from chatworkspace._application.endings import Endings
from chatworkspace._application.extras import Extras
from chatworkspace._application.given import Given
from chatworkspace._application.guiding import Guide
from chatworkspace._application.hearing import Listening
from chatworkspace._application.leaving import Leavings
from chatworkspace._application.listing import Lister
from chatworkspace._application.looking import Looking
from chatworkspace._application.making import Maker
from chatworkspace._application.meanwhile import Meanwhile
from chatworkspace._application.memory import Mentions, Proofs
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.redacting import Redactor
from chatworkspace._application.steps import Steps
from chatworkspace._application.stories import Phases, Starts, Stories, Wishes
from chatworkspace._application.sweeping import Sweeper
from chatworkspace._application.telling import Teller
from chatworkspace._application.turns import Turns
from chatworkspace._application.values import Values
from chatworkspace._application.waiting import Waiter
from chatworkspace._application.watches import Watches
from chatworkspace._domain.advice import LONGEST_PAUSE
from chatworkspace._ports.system_clock import running


class Parts:
    """The parts of one process, made on first use: a child of fork() gets its own."""

    def __init__(self, given: Given) -> None:
        store, creator, dialer, clock, timeouts = given.store, given.creator, given.dialer, given.clock, given.timeouts
        self.process, self.mutex = running.process, ChatMutex()
        self.proofs, self.values = proofs, values = Proofs(timeouts.proof), Values()
        self.calls = Calls(given.max_waiting, Listening(listener=given.on_event, clock=clock, values=values))
        self.uses = Calls()
        self.extras = extras = Extras(clock, values)
        self.redactor = redactor = Redactor(clock=clock, creator=creator, extras=extras, values=values)
        self.watches = Watches(creator, clock, request=timeouts.request, extras=extras)
        self.asking = asking = Asking(store=store, creator=creator, clock=clock, timeouts=timeouts, calls=self.calls)
        claims = Claims(asking=asking, store=store, clock=clock, timeouts=timeouts, proofs=proofs, values=values)
        self.waiter = waiter = Waiter(clock=clock, dialer=dialer, watches=self.watches, proofs=proofs, phases=Phases(), timeouts=timeouts)
        self.guide = guide = self._guide(given)
        self.teller = teller = Teller(clock=clock, creator=creator, extras=extras, callbacks=given.callbacks, mentions=Mentions(), redactor=redactor)
        endings = Endings(asking=asking, teller=teller, store=store, extras=extras)
        answers = Answers(asking=asking, calls=self.calls, creator=creator, clock=clock, extras=extras)
        builds = Builds(asking=asking, claims=claims, creator=creator, clock=clock, values=values)
        self.turns = turns = Turns(asking=asking, claims=claims, builds=builds, clock=clock, proofs=proofs, answers=answers)
        self.maker = Maker(asking=asking, claims=claims, creator=creator, clock=clock, admission=given.admission, answers=answers, values=values)
        self.leavings = Leavings(asking=asking, claims=claims, store=store, clock=clock, timeouts=timeouts, proofs=proofs)
        self.deletions = Deletions(asking=asking, claims=claims, leavings=self.leavings, builds=builds, store=store, clock=clock)
        self.steps = Steps(
            store=store,
            clock=clock,
            timeouts=timeouts,
            callbacks=given.callbacks,
            mutex=self.mutex,
            meanwhile=Meanwhile(clock=clock, timeouts=timeouts),
            asking=asking,
            turns=turns,
            waiter=waiter,
            teller=teller,
            endings=endings,
            guide=guide,
            redactor=redactor,
        )
        self.looking = Looking(asking=asking, turns=turns, steps=self.steps, teller=teller, endings=endings, guide=guide, redactor=redactor)
        self.connector = self._connector(given, guide)
        self.lister = Lister(asking=asking, store=store, clock=clock, timeouts=timeouts)
        self.sweeper = Sweeper(asking=asking, claims=claims, store=store, creator=creator, clock=clock, timeouts=timeouts, values=values)

    def _guide(self, given: Given) -> Guide:
        restart = given.timeouts.connect + given.timeouts.lost_after + LONGEST_PAUSE
        return Guide(
            clock=given.clock,
            timeouts=given.timeouts,
            stories=Stories(),
            wishes=Wishes(),
            starts=Starts(),
            elsewhere=Elsewhere(creator=given.creator, store=given.store, extras=self.extras, restart=restart),
            redactor=self.redactor,
        )

    def _connector(self, given: Given, guide: Guide) -> Connector:
        return Connector(
            asking=self.asking,
            creator=given.creator,
            dialer=given.dialer,
            clock=given.clock,
            timeouts=given.timeouts,
            proofs=self.proofs,
            guide=guide,
            watches=self.watches,
        )
