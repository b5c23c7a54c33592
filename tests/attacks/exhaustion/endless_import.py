"""Importing the file never ends, and the common stop signals are ignored."""

import signal

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGXCPU, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)

while True:
    pass
