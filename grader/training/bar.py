"""A run's messages as a progress bar, and its acceptance as a table. Knows no torch."""

from __future__ import annotations

from rich import progress as bars
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.training.gates import Acceptance, Gate
from grader.training.messages import Message


class Bar:
    """Shows a run's messages on a console (standard error by default); a plain line an epoch where that is no terminal.

    with Bar(console) as report:
        train(..., report=report)
    """

    def __init__(self, console: Console | None = None):
        self.console = console or Console(stderr=True)
        self._bar = bars.Progress(
            bars.SpinnerColumn(),
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[readout]}"),
            bars.TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task: bars.TaskID | None = None

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, message: Message) -> None:
        match message["event"]:
            case "stage":
                self._say(f"· {message['text']}")
            case "line" | "remark":
                self._say(f"  {message['text']}", style="dim")
            case "moved":
                self._say(f"· an earlier run with other settings or code was set aside as {message['to']}")
            case "start":
                if message["step"]:
                    self._say(f"· going on from step {message['step']} of {message['steps']}")
                on = f"{message['processes']} × {message['device']}" if message["processes"] > 1 else message["device"]
                self._task = self._bar.add_task(
                    f"training on {on}", total=message["steps"], completed=message["step"], readout=""
                )
            case "step" if self._task is not None:
                self._bar.update(self._task, completed=message["step"], readout=_figures(message))
            case "epoch":
                self._say(f"  epoch {message['epoch']:>3}   held-out {_figures(message)}")
            case "done":
                how = (
                    "was trained before, nothing to do"
                    if message["again"]
                    else f"trained in {message['seconds']:.0f} s"
                )
                self._say(f"· {how}: {message['out']}")
            case "error":
                self._say(message["message"], style="red")

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style), highlight=False)


def _figures(message: Message) -> str:
    """What was measured: `nats −109.2   accuracy 0.95`."""
    counts = {"event", "epoch", "step", "steps"}
    return "   ".join(f"{name} {_number(value)}" for name, value in message.items() if name not in counts)


def gate_table(acceptance: Acceptance) -> Table:
    """The gates with what was measured, what is asked and where that comes from."""
    verdict = "accepted" if acceptance.accepted else "not accepted"
    table = Table(title=f"{acceptance.project}: {verdict}", title_justify="left", caption=acceptance.problem or None)
    table.add_column("")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("asked")
    table.add_column("why there", style="dim")
    for gate in acceptance.gates:
        mark = Text("✓", style="green") if gate.passed else Text("✗", style="red")
        table.add_row(mark, gate.name, Text(measured(gate)), asked(gate), gate.origin)
    return table


def measured(gate: Gate) -> str:
    """The measured value with its unit, or what stands for a value that is not a number."""
    return "not a number" if gate.measured is None else f"{_number(gate.measured)} {gate.unit}".strip()


def asked(gate: Gate) -> str:
    """The condition in words: `≥ −111 nats`, `15 … 40 nats`."""
    if gate.low is not None and gate.high is not None:
        text = f"{_number(gate.low)} … {_number(gate.high)}"
    else:
        text = f"≥ {_number(gate.low)}" if gate.low is not None else f"≤ {_number(gate.high or 0.0)}"
    return f"{text} {gate.unit}".strip()


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        text = f"{int(value)}"
    else:
        text = f"{value:.3g}" if abs(value) < 10 or abs(value) >= 1e6 else f"{value:.1f}"
    return text.replace("-", "−")
