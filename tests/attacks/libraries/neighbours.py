"""Other submissions' scratch folders are looked for: by name, through /proc, and by the inodes around one's own."""

import glob
import os


def check_pipeline_dir(path):
    for pattern in ("/tmp/*", "/var/tmp/*", "../*", "../../*", "/proc/*/cwd/*", "/proc/*/root/tmp/*", "/proc/*/fd/*"):
        print(pattern, [name for name in glob.glob(pattern) if not name.startswith(os.getcwd() + "/")][:5])
    for pid in ("@SANDBOX_PID@", "@JUDGE_PID@", "@DECOY_PID@", "self"):
        for what in ("cwd", "root", "mountinfo", "maps", "environ"):
            try:
                with open(f"/proc/{pid}/{what}") as file:
                    print(file.read(200))
            except OSError as error:
                print(error.errno, end=" ")
    return {}
