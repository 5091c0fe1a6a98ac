"""Paintings that an artist adds are learned beside everything else, while they are painted with already.

learning = BackgroundLearning("gimp", wake=call_me_soon)  # `wake` runs on another thread
learning.learn(choice, effect.engine, image=before)  # returns at once
for event in learning.events(): ...  # on the interface's thread
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from ..client import Client
from ..errors import ScumbleError
from ..events import EventQueue
from ..learn_request import STEPS, LearnRequest
from ..learning import Learning, LearningProgress
from ..pixels.pixels import Pixels
from .effect import StyleChoice, source_of
from .jobs import unexpected
from .log import write_log

QUIET = ("closed", "cancelled", "cannot-learn", "daemon-too-old", "no-image", "queue-full", "timeout")
"""Codes of what an artist need not hear of: the style is painted at first sight as before."""

Key = Tuple[str, str]


@dataclass(frozen=True)
class LearningEvent:
    """What has become of the learning of a style.

    Attributes:
        key: of the StyleChoice.
        kind: ``progress``, ``stored`` (paintings look different since), ``done`` or ``failed``.
        done: the share of the steps, 0 to 1.
        error: what went wrong, when the artist should hear of it.
    """

    key: Key
    kind: str
    done: float = 0.0
    error: Optional[ScumbleError] = None


class BackgroundLearning:
    """Has styles learned and tells how far they are. All methods are for the interface's thread.

    `editor` names the log; `steps` are those of each learning. The daemon goes on with what has begun when
    the plug-in ends, and knows the style when it comes again.
    """

    def __init__(
        self,
        editor: str,
        connect: Callable[[], Client] = Client.connect,
        wake: Optional[Callable[[], None]] = None,
        steps: int = STEPS,
    ) -> None:
        self._editor, self._connect, self._steps = editor, connect, steps
        self._connecting = threading.Lock()
        self._events = EventQueue[LearningEvent](wake)
        self._lock = threading.Lock()  # guards what follows
        self._client: Optional[Client] = None
        self._asked: Dict[Key, float] = {}
        self._closing = False

    def learn(
        self,
        choice: StyleChoice,
        engine: str,
        device: str = "auto",
        image: Optional[Pixels] = None,
        layer_pixels: Optional[Callable[[str], Pixels]] = None,
    ) -> bool:
        """Have a file or a layer learned, unless that was asked for before; whether it is asked for now.

        `image` is what will be painted; `layer_pixels` gives the pixels of a layer, on this thread. A style
        of the library has been learned, or is a matter of the command line's.

        Raises ScumbleError as reading the file or the layer does.
        """
        with self._lock:
            known = self._asked.get(choice.key)
            # A layer may have changed since; when it has not, the daemon knows it.
            asked = known is not None and (choice.kind == "file" or known < 1.0)
            if choice.kind == "library" or asked or self._closing:
                return False
        source = source_of(choice, layer_pixels)
        request = LearnRequest(
            source, steps=self._steps, only_new=True, engine=engine, device=device, image=image
        )
        with self._lock:
            self._asked[choice.key] = 0.0
        arguments = (choice.key, request)
        threading.Thread(target=self._wait_for, args=arguments, name="scumble-learning", daemon=True).start()
        return True

    def progress(self, key: Key) -> Optional[float]:
        """How far the learning of a style is, 0 to 1; None when it is not being learned."""
        with self._lock:
            done = self._asked.get(key)
        return done if done is not None and done < 1.0 else None

    def events(self) -> List[LearningEvent]:
        """What has happened since the last call; does not wait."""
        return self._events.read()

    def close(self) -> None:
        """Leave the daemon to itself. Does not wait."""
        with self._lock:
            self._closing = True
            client, self._client = self._client, None
        if client is not None:
            client.close()

    # On threads of their own --------------------------------------------------------------------

    def _wait_for(self, key: Key, request: LearnRequest) -> None:
        try:
            learning = self._begin(request)
            stored = 0

            def show(progress: LearningProgress) -> None:
                nonlocal stored
                done = progress.done / progress.total if progress.total else 0.0
                kind = "stored" if progress.stored > stored else "progress"
                stored = progress.stored
                self._tell(LearningEvent(key, kind, min(done, 0.999)))

            learning.result(on_progress=show)
            self._tell(LearningEvent(key, "done", 1.0))
        except ScumbleError as error:
            self._tell_failed(key, error)
        except Exception:
            self._tell_failed(key, unexpected(traceback.format_exc()))

    def _begin(self, request: LearnRequest) -> Learning:
        with self._connecting:
            client = self._client or self._connect()
            with self._lock:
                closing = self._closing
                self._client = None if closing else client
        if closing:
            client.close()
            raise ScumbleError("closed", "The plug-in is closing.")
        return client.submit_learning(request)

    def _tell_failed(self, key: Key, error: ScumbleError) -> None:
        if error.detail:
            write_log(self._editor, "{!r}\n{}".format(error, error.detail))
        self._tell(LearningEvent(key, "failed", 1.0, None if error.code in QUIET else error))

    def _tell(self, event: LearningEvent) -> None:
        with self._lock:
            if self._closing:
                return
            self._asked[event.key] = event.done
        self._events.tell(event)
