"""The resource limits of the judge, its sandbox and another process are lowered from inside."""

import resource


def mean(x):
    for pid in ("@JUDGE_PID@", "@SANDBOX_PID@", "@DECOY_PID@"):
        for what in (resource.RLIMIT_MSGQUEUE, resource.RLIMIT_CORE):
            try:
                print("lowered", resource.prlimit(int(pid), what, (0, 0)))
            except OSError as error:
                print(error)
    return 0.0
