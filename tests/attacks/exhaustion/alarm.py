"""Timers, alarms and a fault handler fire at every moment, into whatever code is running."""

import faulthandler
import signal


def late(number, frame):
    raise SystemExit(0)


def mean(x):
    faulthandler.enable(file=2)
    faulthandler.dump_traceback_later(0.001, repeat=True, file=2)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    while True:
        try:
            sum(range(100))
        except SystemExit:
            return 0.0
